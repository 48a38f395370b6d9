/** The candidates of one upstream: the set first, then by cost, or in another order. */
import { useState } from "preact/hooks"
import { clock, count, DASH, millis, percent, points } from "../format.ts"
import { memo } from "../memo.ts"
import { Spark } from "../plots/Spark.tsx"
import type { Candidate, Upstream } from "../service/answers.ts"
import type { Course } from "../service/Course.ts"
import type { CandidateKey } from "../words/shown.ts"
import { shownCandidates } from "../words/shown.ts"

/** Rows at first, and with each further step. */
const STEP = 25
/** A shorter list needs no filter. */
const FILTER_FROM = 10

interface Column {
  readonly key: CandidateKey
  readonly word: string
}

const COLUMNS: ReadonlyArray<Column> = [
  { key: "rank", word: "Candidate" },
  { key: "score", word: "Score" },
  { key: "latency", word: "Latency" },
  { key: "success", word: "Success" },
  { key: "warm", word: "Warm" },
  { key: "sessions", word: "Sessions" }
]

interface Props {
  readonly upstream: Upstream
  readonly course: Course | undefined
}

export function Candidates({ upstream: { name, candidates, candidateCount }, course }: Props) {
  const [text, setText] = useState("")
  const [by, setBy] = useState<CandidateKey>("rank")
  const [rows, setRows] = useState(STEP)
  const shown = shownCandidates(candidates, { text, by })
  if (candidateCount === 0) return <p class="empty">It has no candidates: no source has named an address yet.</p>
  return (
    <section>
      <div class="bar">
        <h4>
          Candidates{" "}
          <small>{shown.length === candidateCount ? "" : `${count(shown.length)} of `}{count(candidateCount)}</small>
        </h4>
        {candidateCount > FILTER_FROM && (
          <input
            type="search"
            placeholder="Filter by label, address, source, breaker"
            aria-label={`Filter candidates of ${name}`}
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        )}
      </div>
      <table class="candidates" role="table" aria-label={`Candidates of ${name}`}>
        <thead role="rowgroup">
          <tr role="row">
            {COLUMNS.map(({ key, word }) => (
              <th
                key={key}
                role="columnheader"
                scope="col"
                class={key === "rank" ? "" : "number"}
                aria-sort={by === key ? "descending" : "none"}
              >
                <button type="button" class="sorter" onClick={() => setBy(key)}>
                  {word}
                  {by === key && <i aria-hidden="true">↓</i>}
                </button>
              </th>
            ))}
            <th role="columnheader" scope="col">Condition</th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {shown.slice(0, rows).map((one) => <CandidateRow key={one.id} candidate={one} course={course} />)}
        </tbody>
      </table>
      {shown.length === 0 && <p class="empty">No candidate matches.</p>}
      {shown.length > rows && (
        <div class="row">
          <button type="button" class="more" onClick={() => setRows(rows + STEP)}>
            Show {count(Math.min(STEP, shown.length - rows))} more
          </button>
          <button type="button" class="more" onClick={() => setRows(shown.length)}>Show all {count(shown.length)}</button>
        </div>
      )}
      {candidates.length < candidateCount && (
        <p class="empty">
          The page lists the best {count(candidates.length)}; <code>/status?candidates=N</code> has all.
        </p>
      )}
    </section>
  )
}

const CandidateRow = memo(function CandidateRow({ candidate, course }: {
  readonly candidate: Candidate
  readonly course: Course | undefined
}) {
  const { id, address, sources, score, costMs, latencyMs, jitterMs, successRate, warm, connections, lastSampleAt, active } =
    candidate
  const measured = costMs !== null
  return (
    <tr role="row" class={active ? "member" : ""} data-candidate={id}>
      <th role="rowheader" scope="row" title={`Sources: ${sources.join(", ") || "none"}`}>
        <b>{id}</b> <code>{address}</code> <small>{sources.join(", ")}</small>
      </th>
      <td
        role="cell"
        class="number score"
        data-label="Score"
        data-value="score"
        title={measured ? `Cost ${millis(costMs)}` : "Not measured"}
      >
        <span class="bar-of" aria-hidden="true">
          <i style={{ width: `${measured ? score : 0}%` }} />
        </span>
        {measured ? points(score) : "–"}
      </td>
      <td role="cell" class="number" data-label="Latency" title={`Jitter ${millis(jitterMs)}`}>
        <div class="with-spark">
          {course !== undefined && latencyMs !== null && <Spark course={course} candidate={id} />}
          <span class="value" data-value="latency">{millis(latencyMs)}</span>
        </div>
      </td>
      <td role="cell" class="number" data-label="Success" data-value="success">
        {measured || successRate < 1 ? percent(successRate) : "–"}
      </td>
      <td role="cell" class="number" data-label="Warm" data-value="warm">{count(warm)}</td>
      <td role="cell" class="number" data-label="Sessions" data-value="sessions">{count(connections)}</td>
      <td
        role="cell"
        class="condition"
        data-label="Condition"
        title={`Last sample at ${lastSampleAt === null ? DASH : clock(lastSampleAt)}`}
      >
        <Condition candidate={candidate} />
      </td>
    </tr>
  )
})

/** Whether it may serve, and what keeps it from that. */
function Condition(
  { candidate: { active, breaker, suspect, warmWithheld, identity, costMs } }: { readonly candidate: Candidate }
) {
  return (
    <>
      {active && (
        <span class="badge good">
          <i aria-hidden="true" />in the set
        </span>
      )}
      <span class={breaker === "closed" ? "badge quiet" : "badge bad"} data-value="breaker">
        <i aria-hidden="true" />breaker {breaker}
      </span>
      {suspect && (
        <span class="badge warn">
          <i aria-hidden="true" />suspect
        </span>
      )}
      {identity === "failed" && (
        <span class="badge bad">
          <i aria-hidden="true" />wrong certificate
        </span>
      )}
      {warmWithheld !== null && (
        <span class="badge warn">
          <i aria-hidden="true" />no warm sockets: {warmWithheld}
        </span>
      )}
      {costMs === null && (
        <span class="badge quiet">
          <i aria-hidden="true" />unmeasured
        </span>
      )}
    </>
  )
}
