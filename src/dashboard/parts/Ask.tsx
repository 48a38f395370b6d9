/** Asks before an order that clients would feel. Escape means no. */
import { useEffect, useRef } from "preact/hooks"

interface Props {
  readonly title: string
  readonly text: string
  readonly yes: string
  readonly onYes: () => void
  readonly onNo: () => void
}

export function Ask({ title, text, yes, onYes, onNo }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} class="ask" aria-labelledby="ask-title" onClose={onNo}>
      <h2 id="ask-title">{title}</h2>
      <p>{text}</p>
      <div class="row">
        <button type="button" onClick={() => dialog.current?.close()}>Cancel</button>
        <button type="button" class="danger" onClick={onYes}>{yes}</button>
      </div>
    </dialog>
  )
}
