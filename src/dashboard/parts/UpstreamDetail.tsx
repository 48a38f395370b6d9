/** What belongs to one upstream: its latencies, its selection over time and why it moved, and its candidates. */
import { ago, clock, count, many } from "../format.ts"
import { LanePlot } from "../plots/LanePlot.tsx"
import { LatencyPlot } from "../plots/LatencyPlot.tsx"
import { numbered } from "../plots/lines.ts"
import { movesOf, selected } from "../plots/selections.ts"
import * as requests from "../service/requests.ts"
import { meaningOf } from "../words/reasons.ts"
import { rowsOf } from "../words/rows.ts"
import { membersOf } from "../words/shown.ts"
import { Candidates } from "./Candidates.tsx"
import { Explain } from "./Explain.tsx"
import { FactRow } from "./TimeLine.tsx"
import type { UpstreamProps } from "./UpstreamProps.ts"
import { useNow } from "./useNow.ts"

const MOST_LINES = 6
const MOST_MOVES = 12

export function UpstreamDetail({ upstream, course, facts, canAct, order }: UpstreamProps) {
  const nowMs = useNow(true)
  const { name, state, selectedAt, expiresAt, candidates, pool } = upstream
  const moves = movesOf(facts, name)
  const members = membersOf(upstream).map(({ id }) => id)
  const others = candidates.filter(({ active, latencyMs }) => !active && latencyMs !== null).map(({ id }) => id)
  const plotted = numbered([...members, ...others].slice(0, Math.max(MOST_LINES - 2, members.length)))
  const inSet = numbered(selected(moves, members).slice(0, MOST_LINES))
  return (
    <div class="detail">
      <div class="row about">
        <p>
          {meaningOf(state)}.{" "}
          {selectedAt === null ? "Nothing was selected yet." : `Last evaluated ${ago(selectedAt, nowMs)}`}
          {expiresAt !== null && ` · without new samples the set expires at ${clock(expiresAt)}`}
          {pool.hits !== null && pool.misses !== null && pool.hits + pool.misses > 0
            && ` · ${count(pool.hits)} of ${many(pool.hits + pool.misses, "client")} got a warm socket`}
        </p>
        <button type="button" disabled={!canAct} onClick={() => order(() => requests.refresh(name))}>
          Measure {name} anew
        </button>
      </div>
      {candidates.length > 0 && (
        <div class="plots">
          <figure>
            <figcaption>
              Latency <small>dashed: the set moved</small>
            </figcaption>
            {course === undefined || plotted.size === 0
              ? <p class="empty">No candidate has answered yet.</p>
              : <LatencyPlot course={course} lines={plotted} moves={moves.map(({ at }) => Date.parse(at) / 1_000)} />}
          </figure>
          <figure>
            <figcaption>
              Selection <small>candidates in the set</small>
            </figcaption>
            {moves.length === 0
              ? <p class="empty">The service has kept no move of this set.</p>
              : <LanePlot moves={moves} lines={inSet} nowMs={nowMs} />}
          </figure>
        </div>
      )}
      <Candidates upstream={upstream} course={course} />
      <Explain upstream={name} canAct={canAct} />
      {moves.length > 0 && (
        <section>
          <h4>Why it moved</h4>
          <ol class="facts">
            {rowsOf(moves.slice(0, MOST_MOVES)).map((row) => <FactRow key={row.fact.seq} {...row} withUpstream={false} />)}
          </ol>
        </section>
      )}
    </div>
  )
}
