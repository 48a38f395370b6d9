/** One upstream: its figures in a line, and all that belongs to it when it is open. */
import { count, DASH, millis, percent } from "../format.ts"
import { Spark } from "../plots/Spark.tsx"
import type { Upstream } from "../service/answers.ts"
import { meaningOf, ofState } from "../words/reasons.ts"
import { attention, hitShare, latencyOf, membersOf, sum } from "../words/shown.ts"
import { UpstreamDetail } from "./UpstreamDetail.tsx"
import type { UpstreamProps } from "./UpstreamProps.ts"

export function UpstreamRow(props: UpstreamProps) {
  const { upstream, course, isOpen, toggle } = props
  const { name, host, port, state, candidateCount, shutCount, pool } = upstream
  const members = membersOf(upstream)
  const first = members[0] ?? upstream.candidates[0]
  const worst = members.reduce<number | null>((least, { successRate }) => Math.min(least ?? 1, successRate), null)
  const id = `upstream-${name.replaceAll(/[^a-z0-9-]/g, (one) => `_${one.codePointAt(0)}`)}`
  return (
    <article class={`upstream card ${toneOf(upstream)}`} data-upstream={name}>
      <div class="line" onClick={() => toggle(name)}>
        <h3>
          <button
            type="button"
            class="opener"
            aria-expanded={isOpen}
            aria-controls={id}
            onClick={(event) => {
              event.stopPropagation()
              toggle(name)
            }}
          >
            {name}
          </button>
          {host !== null && host !== name && `${host}:${port}` !== name && <small>{host}:{port}</small>}
          <span class={`badge ${toneOfState(state)}`} title={meaningOf(state)} data-state={state}>
            <i aria-hidden="true" />
            {ofState(state)}
          </span>
          {members.some(({ suspect }) => suspect) && <span class="badge warn">a member is suspect</span>}
          {upstream.commonCause !== null && <span class="badge bad">all candidates fail together</span>}
          {upstream.dns !== null && <span class="badge bad">no addresses: {upstream.dns.reason}</span>}
        </h3>
        <span class="cell set" data-label="Set">
          <span>
            {members.length === 0 ? DASH : members.length} <small>of {count(candidateCount)}</small>
          </span>
          {shutCount > 0 && <small class="shut">{count(shutCount)} shut out</small>}
        </span>
        <span class="cell latency" data-label="Latency">
          {course !== undefined && first !== undefined && <Spark course={course} candidate={first.id} />}
          <span class="value" data-value="latency">{millis(latencyOf(upstream))}</span>
        </span>
        <span class="cell" data-label="Success" data-value="success">{percent(worst)}</span>
        <span class="cell" data-label="Sessions" data-value="sessions">
          {count(sum(upstream.candidates, "connections"))}
        </span>
        <span class="cell" data-label="Warm" data-value="warm">{count(pool.warm)}</span>
        <span class="cell" data-label="Hits" data-value="hits">{percent(hitShare(pool))}</span>
      </div>
      <div id={id} hidden={!isOpen}>{isOpen && <UpstreamDetail {...props} />}</div>
    </article>
  )
}

const toneOfState = (state: string): string => state === "active" ? "good" : state === "disabled" ? "warn" : "bad"

/** Of the upstream as a whole. */
function toneOf(upstream: Upstream): string {
  const tone = upstream.dns === null && upstream.commonCause === null ? toneOfState(upstream.state) : "bad"
  return tone === "good" && attention(upstream) > 0 ? "warn" : tone
}
