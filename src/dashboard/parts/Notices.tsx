/** What orders led to. A good outcome goes by itself, and a bad one stays until it was read. */
import { useCallback, useState } from "preact/hooks"
import type { Outcome } from "../service/requests.ts"
import type { Watch } from "../service/Watch.ts"

export interface Notice extends Outcome {
  readonly id: number
}

/** Gives an order to the service, and shows what it led to. */
export type Order = (order: () => Promise<Outcome>) => Promise<void>

const STAYS_MS = 6_000
const MOST = 3
let latest = 0

export function useNotices(watch: Watch) {
  const [notices, setNotices] = useState<ReadonlyArray<Notice>>([])
  const dismiss = useCallback((id: number) => setNotices((all) => all.filter((one) => one.id !== id)), [])
  const order: Order = useCallback(async (order) => {
    const id = ++latest
    const outcome = await order().catch((): Outcome => ({ done: false, said: ["The service does not answer."] }))
    setNotices((all) => [...all, { ...outcome, id }].slice(-MOST))
    if (outcome.done && outcome.said.length === 1) setTimeout(() => dismiss(id), STAYS_MS)
    watch.now()
  }, [watch])
  return { notices, order, dismiss }
}

interface Props {
  readonly notices: ReadonlyArray<Notice>
  readonly dismiss: (id: number) => void
}

export function Notices({ notices, dismiss }: Props) {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.map(({ id, done, said: [first, ...rest] }) => (
        <div key={id} class={done ? "notice good" : "notice bad"}>
          <div>
            <strong>{first}</strong>
            {rest.length > 0 && <ul>{rest.map((text) => <li key={text}>{text}</li>)}</ul>}
          </div>
          <button type="button" class="quiet" aria-label="Dismiss" onClick={() => dismiss(id)}>✕</button>
        </div>
      ))}
    </div>
  )
}
