import { useState } from 'react'
import { useAct, useAnswer } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { useFilters } from '../../app/navigation.ts'
import { useWords } from '../../language/language.ts'
import { exportRows } from '../../table/export-rows.ts'
import { Rows } from '../../table/rows.tsx'
import { TableCard } from '../../table/table-card.tsx'
import { Button } from '../../ui/button.tsx'
import { type Confirmation, ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Select } from '../../ui/field.tsx'
import { Plus } from '../../ui/icons.ts'
import { Page } from '../../ui/page.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { toast, toastFailure } from '../../ui/toast.tsx'
import { Explainer } from './explainer.tsx'
import { moved, type Numbered, useRuleColumns } from './rule-columns.tsx'
import { RuleDialog } from './rule-dialog.tsx'
import { text } from './words.ts'

export default function AclPage() {
  const t = useWords(text)
  const [{ search }, setFilters] = useFilters(['search'])
  const { data, isPending, error, refetch } = useAnswer('GET /acl', {}, { every: 5_000 })
  const [adding, setAdding] = useState(false)
  const [decisive, setDecisive] = useState<number>()
  const [confirmation, setConfirmation] = useState<Confirmation>()
  const mayChange = useMay('admin')
  const put = useAct('PUT /acl', { failed: toastFailure })
  const remove = useAct('DELETE /acl/rules/:index', { failed: toastFailure })
  const noMatch = data?.noMatch ?? null
  const rules: readonly Numbered[] = data?.rules?.map((rule, index) => ({ ...rule, number: index + 1 })) ?? []
  const shown = search === '' ? rules : rules.filter(rule => JSON.stringify(rule).includes(search))
  const columns = useRuleColumns({
    decisive,
    acts: mayChange
      ? {
          last: rules.length,
          move: (number, by) => put.mutate({ body: { rules: moved(data?.rules ?? [], { number, by }), noMatch } }),
          remove: number =>
            setConfirmation({
              title: t.removeTitle(number),
              consequence: t.removeConsequence,
              act: t.removeAct,
              onConfirm: () => remove.mutate({ params: { index: number - 1 } }, { onSuccess: () => toast(t.removed) }),
            }),
        }
      : undefined,
  })
  return (
    <Page
      title={t.title}
      about={t.about}
      acts={
        mayChange && (
          <Button look="main" onClick={() => setAdding(true)}>
            <Plus />
            {t.add}
          </Button>
        )
      }
    >
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-[minmax(0,1fr)_20rem]">
        <TableCard
          filters={
            <>
              <SearchField
                label={t.search}
                className="w-full sm:w-48"
                value={search}
                onChange={search => setFilters({ search })}
              />
              <span className="flex items-center gap-2 text-xs text-muted">
                <span aria-hidden="true">{t.noMatch}</span>
                <Select
                  aria-label={t.noMatch}
                  className="w-28! text-ink"
                  value={noMatch ?? ''}
                  disabled={!mayChange || !data}
                  choices={[
                    { value: '', label: t.noMatchDefault },
                    { value: 'allow', label: t.allow },
                    { value: 'deny', label: t.deny },
                  ]}
                  onChoose={chosen =>
                    put.mutate({
                      body: {
                        rules: data?.rules ?? null,
                        noMatch: chosen === '' ? null : (chosen as 'allow' | 'deny'),
                      },
                    })
                  }
                />
              </span>
            </>
          }
          count={data ? shown.length : undefined}
          loading={isPending}
          error={data ? null : error}
          onRetry={() => void refetch()}
          onExport={kind => exportRows(shown, { kind, columns, name: 'acl' })}
        >
          <Rows
            label={t.rules}
            items={shown}
            count={shown.length}
            columns={columns}
            keyOf={({ number }) => String(number)}
            empty={
              search === '' ? (
                <EmptyState
                  title={t.none}
                  hint={t.noneHint}
                  command="robust-ctl acl add --effect allow --filter 'plant/#'"
                />
              ) : (
                <EmptyState title={t.noneFits} />
              )
            }
          />
        </TableCard>
        <Explainer onDecided={setDecisive} />
      </div>
      {adding && <RuleDialog rules={rules.length} onClose={() => setAdding(false)} />}
      <ConfirmDialog confirmation={confirmation} onClose={() => setConfirmation(undefined)} />
    </Page>
  )
}
