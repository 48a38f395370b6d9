/** All upstreams: filtered, sorted, each of them a row that opens. */
import { useEffect, useRef, useState } from "preact/hooks"
import { count } from "../format.ts"
import type { Status } from "../service/answers.ts"
import type { View } from "../service/View.ts"
import type { Watch } from "../service/Watch.ts"
import type { UpstreamKey } from "../words/shown.ts"
import { attention, shownUpstreams } from "../words/shown.ts"
import type { Order } from "./Notices.tsx"
import { UpstreamRow } from "./UpstreamRow.tsx"

const ORDERS: Readonly<Record<UpstreamKey, string>> = {
  attention: "Attention first",
  name: "Name",
  latency: "Slowest first",
  sessions: "Most sessions",
  hits: "Fewest pool hits"
}

/** Rows at first, and with each further step. */
const STEP = 50

interface Props {
  readonly view: View
  readonly status: Status
  readonly watch: Watch
  readonly order: Order
}

export function Upstreams({ view, status: { upstreams }, watch, order }: Props) {
  const [text, setText] = useState("")
  const [by, setBy] = useState<UpstreamKey>("attention")
  const [onlyAttention, setOnlyAttention] = useState(false)
  const [rows, setRows] = useState(STEP)
  const only = upstreams.length === 1 ? upstreams[0]?.name : undefined
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set(only === undefined ? [] : [only]))
  const field = useRef<HTMLInputElement>(null)
  useSlash(field)
  useEffect(() => watch.openOnly(open), [watch, open])
  const toggle = (name: string) =>
    setOpen((before) => before.has(name) ? new Set([...before].filter((one) => one !== name)) : new Set([...before, name]))
  const shown = shownUpstreams(upstreams, { text, onlyAttention, by })
  const troubled = upstreams.filter((one) => attention(one) > 0).length
  return (
    <section class="upstreams" aria-labelledby="upstreams">
      <div class="bar">
        <h2 id="upstreams">
          Upstreams{" "}
          <small>{shown.length === upstreams.length ? "" : `${count(shown.length)} of `}{count(upstreams.length)}</small>
        </h2>
        <input
          ref={field}
          type="search"
          placeholder="Filter by name, host, address ( / )"
          aria-label="Filter upstreams"
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
        <button
          type="button"
          class="chip"
          aria-pressed={onlyAttention}
          onClick={() => setOnlyAttention(!onlyAttention)}
        >
          Needs attention <b>{troubled}</b>
        </button>
        <select
          aria-label="Order of upstreams"
          value={by}
          onChange={({ currentTarget }) => setBy(currentTarget.value as UpstreamKey)}
        >
          {Object.entries(ORDERS).map(([key, word]) => <option key={key} value={key}>{word}</option>)}
        </select>
      </div>
      {upstreams.length === 0 && (
        <p class="empty card">There is no upstream yet. A host on demand appears here when its first client comes.</p>
      )}
      {upstreams.length > 0 && shown.length === 0 && (
        <p class="empty card">
          {text === "" ? "No upstream needs attention." : "No upstream matches."}{" "}
          <button type="button" onClick={() => (setText(""), setOnlyAttention(false))}>Show all</button>
        </p>
      )}
      {shown.length > 0 && (
        <div class="columns-head" aria-hidden="true">
          <span>Upstream</span>
          <span>Set</span>
          <span>Latency</span>
          <span>Success</span>
          <span>Sessions</span>
          <span>Warm</span>
          <span>Hits</span>
        </div>
      )}
      {shown.slice(0, rows).map((upstream) => (
        <UpstreamRow
          key={upstream.name}
          upstream={view.opened.get(upstream.name) ?? upstream}
          course={view.courses.get(upstream.name)}
          facts={view.facts}
          isOpen={open.has(upstream.name)}
          canAct={view.link.is === "live"}
          toggle={toggle}
          order={order}
        />
      ))}
      {shown.length > rows && (
        <button type="button" class="more" onClick={() => setRows(rows + STEP)}>
          Show {count(Math.min(STEP, shown.length - rows))} more of {count(shown.length - rows)}
        </button>
      )}
    </section>
  )
}

/** The key / goes to the filter, as on many pages. */
function useSlash(field: { readonly current: HTMLInputElement | null }): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== "/" || event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey) return
      event.preventDefault()
      field.current?.focus()
    }
    addEventListener("keydown", pressed)
    return () => removeEventListener("keydown", pressed)
  }, [])
}
