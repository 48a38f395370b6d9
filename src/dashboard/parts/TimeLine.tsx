/** What happened, the latest first, by topic and by text. */
import { useState } from "preact/hooks"
import { clock, count } from "../format.ts"
import { memo } from "../memo.ts"
import type { Fact } from "../service/answers.ts"
import { MOST_FACTS } from "../service/Facts.ts"
import type { Topic } from "../words/facts.ts"
import { tell, TOPICS } from "../words/facts.ts"
import type { Row } from "../words/rows.ts"
import { rowsOf } from "../words/rows.ts"

/** Rows at first, and with each further step. */
const STEP = 60

const NAMES: Readonly<Record<Topic, string>> = {
  selection: "Selection",
  health: "Health",
  service: "Service",
  pool: "Pool",
  tls: "TLS"
}

/** What happens too often to be shown unasked. */
const BY_REQUEST: ReadonlyArray<Topic> = ["pool", "tls"]

export const TimeLine = memo(
  function TimeLine({ facts, isLive }: { readonly facts: ReadonlyArray<Fact>; readonly isLive: boolean }) {
    const [topics, setTopics] = useState<ReadonlySet<Topic>>(new Set(TOPICS.filter((topic) => !BY_REQUEST.includes(topic))))
    const [rows, setRows] = useState(STEP)
    const toggle = (topic: Topic) =>
      setTopics((before) =>
        before.has(topic) ? new Set([...before].filter((one) => one !== topic)) : new Set([...before, topic])
      )
    const shown = rowsOf(facts.filter((fact) => topics.has(tell(fact).topic)))
    return (
      <section class="card" aria-labelledby="time-line">
        <h2 id="time-line">Time line</h2>
        <div class="chips" role="group" aria-label="Topics">
          {TOPICS.map((topic) => (
            <button
              key={topic}
              type="button"
              class="chip"
              aria-pressed={topics.has(topic)}
              onClick={() => toggle(topic)}
            >
              {NAMES[topic]}
            </button>
          ))}
        </div>
        {shown.length === 0 && (
          <p class="empty">
            {isLive ? "Nothing has happened yet that belongs here." : "Facts are not coming at the moment."}
          </p>
        )}
        <ol class="facts" tabIndex={0} aria-label="Facts, the latest first">
          {shown.slice(0, rows).map((row) => <FactRow key={row.fact.seq} {...row} withUpstream />)}
        </ol>
        {shown.length > rows && (
          <button type="button" class="more" onClick={() => setRows(rows + STEP)}>
            Show {count(Math.min(STEP, shown.length - rows))} earlier ones
          </button>
        )}
        {facts.length >= MOST_FACTS && <p class="empty">The page keeps the last {count(MOST_FACTS)} facts.</p>}
      </section>
    )
  }
)

interface RowProps extends Row {
  readonly withUpstream: boolean
}

export function FactRow({ fact, tone, title, details, withUpstream }: RowProps) {
  // A label such as web#3 names the upstream already. Suspicions that are one row may be of several.
  const names = withUpstream && fact.kind !== "Cleared" && fact.upstream !== null && !title.includes(`${fact.upstream}#`)
  return (
    <li class={`fact ${tone}`} data-kind={fact.kind}>
      <time dateTime={fact.at} title={fact.at}>{clock(fact.at)}</time>
      <div>
        {names && <span class="of">{fact.upstream}</span>}
        <strong>{title}</strong>
        {details.map((text) => <p key={text}>{text}</p>)}
        {fact.dropped !== undefined && <p>{count(fact.dropped)} more of this kind were not told.</p>}
      </div>
    </li>
  )
}
