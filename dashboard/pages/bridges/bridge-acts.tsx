import { useState } from 'react'
import { useAct, useAnswer } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { useLocation } from '../../app/navigation.ts'
import { useWords } from '../../language/language.ts'
import { Button } from '../../ui/button.tsx'
import { type Confirmation, ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { Pause, Pencil, Play, Trash2, Undo2 } from '../../ui/icons.ts'
import { toast, toastFailure } from '../../ui/toast.tsx'
import { type Bridge, formPath } from './bridge-state.tsx'
import { text } from './words.ts'

/** What can be done with a bridge: each only for whom it is. `bridge` undefined: it is configured, and does not run. */
export function BridgeActs({ name, bridge }: { name: string; bridge: Bridge | undefined }) {
  const mayAct = useMay('operator')
  const mayChange = useMay('admin')
  return (
    <>
      {mayAct && bridge && <PauseButton bridge={bridge} />}
      {mayChange && <ChangeButtons name={name} />}
    </>
  )
}

function PauseButton({ bridge: { name, state } }: { bridge: Bridge }) {
  const t = useWords(text)
  const pause = useAct('POST /bridges/:name/pause', { failed: toastFailure })
  const resume = useAct('POST /bridges/:name/resume', { failed: toastFailure })
  const paused = state === 'paused'
  return (
    <Button
      disabled={pause.isPending || resume.isPending}
      onClick={() => (paused ? resume : pause).mutate({ params: { name } })}
    >
      {paused ? <Play /> : <Pause />}
      {paused ? t.resume : t.pause}
    </Button>
  )
}

/** What the configuration defines is not removed here; what was changed of it is taken back. */
function ChangeButtons({ name }: { name: string }) {
  const t = useWords(text)
  const [, navigate] = useLocation()
  const [confirmation, setConfirmation] = useState<Confirmation>()
  const { data } = useAnswer('GET /bridges/:name/config', { params: { name } })
  const remove = useAct('DELETE /bridges/:name', { done: () => toast(t.removed(name)), failed: toastFailure })
  const takeBack = useAct('DELETE /config/:path', { done: () => toast(t.tookBack(name)), failed: toastFailure })
  const askToRemove = () =>
    setConfirmation({
      title: t.removeTitle(name),
      consequence: t.removeConsequence,
      act: t.remove,
      typed: name,
      onConfirm: () => {
        // First, so that this page does not ask for what is gone.
        navigate('/bridges')
        remove.mutate({ params: { name } })
      },
    })
  if (!data) return null
  return (
    <>
      <Button onClick={() => navigate(formPath(name))}>
        <Pencil />
        {t.edit}
      </Button>
      {data.standing === 'changed' && (
        <Button disabled={takeBack.isPending} onClick={() => takeBack.mutate({ params: { path: `bridges.${name}` } })}>
          <Undo2 />
          {t.takeBack}
        </Button>
      )}
      {data.standing === 'added' && (
        <Button onClick={askToRemove}>
          <Trash2 />
          {t.remove}
        </Button>
      )}
      <ConfirmDialog confirmation={confirmation} onClose={() => setConfirmation(undefined)} />
    </>
  )
}
