/** The figures of the whole service. */
import type { ComponentChildren } from "preact"
import { count, many, percent } from "../format.ts"
import type { Fact, Status } from "../service/answers.ts"
import { attention } from "../words/shown.ts"
import { useNow } from "./useNow.ts"

const RECENT_MS = 15 * 60_000

export function Summary({ status: { upstreams, listeners }, facts }: {
  readonly status: Status
  readonly facts: ReadonlyArray<Fact>
}) {
  const nowMs = useNow(true)
  const all = (of: (upstream: Status["upstreams"][number]) => number) => upstreams.reduce((sum, one) => sum + of(one), 0)
  const serving = all(({ state }) => state === "active" ? 1 : 0)
  const troubled = all((one) => attention(one) > 0 ? 1 : 0)
  const hits = all(({ pool }) => pool.hits ?? 0)
  const takes = hits + all(({ pool }) => pool.misses ?? 0)
  const moves = facts.filter(({ kind, at }) => kind === "SelectionMoved" && Date.parse(at) > nowMs - RECENT_MS).length
  const shut = all(({ shutCount }) => shutCount)
  return (
    <section class="summary" aria-label="The whole service">
      <Figure
        name="upstreams"
        value={`${serving} / ${upstreams.length}`}
        label="upstreams active"
        tone={serving < upstreams.length ? "bad" : "good"}
      >
        {troubled === 0 ? "none needs attention" : `${troubled} need${troubled === 1 ? "s" : ""} attention`}
      </Figure>
      <Figure name="clients" value={count(listeners.reduce((sum, one) => sum + one.connections, 0))} label="clients now">
        {count(listeners.reduce((sum, one) => sum + one.accepted, 0))} since the start
      </Figure>
      <Figure name="hits" value={percent(takes === 0 ? null : hits / takes)} label="pool hits">
        {takes === 0 ? "no client yet" : `${count(hits)} of ${many(takes, "client")}`}
      </Figure>
      <Figure name="warm" value={count(all(({ pool }) => pool.warm))} label="warm sockets">waiting for clients</Figure>
      <Figure name="shut" value={count(shut)} label="shut out" tone={shut > 0 ? "bad" : "plain"}>
        of {many(all(({ candidateCount }) => candidateCount), "candidate")}
      </Figure>
      <Figure name="moves" value={count(moves)} label="moves of sets">in the last 15 min</Figure>
    </section>
  )
}

function Figure({ name, value, label, tone = "plain", children }: {
  readonly name: string
  readonly value: string
  readonly label: string
  readonly tone?: string
  readonly children: ComponentChildren
}) {
  return (
    <div class={`figure ${tone}`} data-figure={name}>
      <b>{value}</b>
      <span>{label}</span>
      <small>{children}</small>
    </div>
  )
}
