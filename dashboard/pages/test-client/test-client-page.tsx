import { useWords } from '../../language/language.ts'
import { Page } from '../../ui/page.tsx'
import { ClientLog } from './client-log.tsx'
import { ConnectForm } from './connect-form.tsx'
import { TalkForms } from './talk-forms.tsx'
import { useMqtt } from './use-mqtt.ts'
import { text } from './words.ts'

export default function TestClientPage() {
  const t = useWords(text)
  const mqtt = useMqtt()
  return (
    <Page title={t.title} about={t.about}>
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(20rem,2fr)_3fr]">
        <div className="flex min-w-0 flex-col gap-4">
          <ConnectForm mqtt={mqtt} />
          <TalkForms mqtt={mqtt} />
        </div>
        <ClientLog mqtt={mqtt} />
      </div>
    </Page>
  )
}
