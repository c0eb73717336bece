import { useFilters } from '../../app/navigation.ts'
import { useWords } from '../../language/language.ts'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Select } from '../../ui/field.tsx'
import { Page } from '../../ui/page.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { EventTable } from './event-table.tsx'
import { text } from './words.ts'

export default function EventsPage() {
  const t = useWords(text)
  const [{ name }, setFilters] = useFilters(['name'])
  const kinds = Object.entries(t.kinds).map(([kind, label]) => ({ value: `${kind}.`, label }))
  return (
    <Page title={t.title} about={t.about}>
      <EventTable
        name={name}
        label={t.title}
        filters={
          <>
            <SearchField
              label={t.search}
              className="w-full sm:w-72"
              value={name}
              onChange={name => setFilters({ name })}
            />
            <Select
              aria-label={t.kind}
              className="w-44!"
              value={kinds.find(({ value }) => name.startsWith(value))?.value ?? ''}
              onChoose={name => setFilters({ name })}
              choices={[{ value: '', label: t.every }, ...kinds]}
            />
          </>
        }
        empty={
          name === '' ? (
            <EmptyState
              title={t.none}
              hint={t.noneHint}
              command={`mosquitto_sub -h ${location.hostname} -t 'greetings/#' -v`}
            />
          ) : (
            <EmptyState title={t.noneFits} />
          )
        }
      />
    </Page>
  )
}
