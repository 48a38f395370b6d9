/** A status as lines for a terminal or a file. Pure. */
import { curve } from "../demo/sparks.ts"
import type { Column, Line, Span, Tone } from "../demo/spans.ts"
import { span, table } from "../demo/spans.ts"
import { agoText, spanText } from "./ago.ts"
import type { ShownCandidate, ShownUpstream, StatusDocument } from "./StatusDocument.ts"

export interface StatusLook {
  readonly nowMs: number
  readonly unicode: boolean
  /** Where the service was asked. */
  readonly at: string
  /** The recent costs of a candidate; undefined: no curves are shown. */
  readonly courseOf?: (candidate: string) => ReadonlyArray<number>
}

const right = (head: string): Column => ({ head, align: "right" })
const left = (head: string): Column => ({ head, align: "left" })

const STATES: Readonly<Record<string, Tone>> = { active: "good", stale: "warn", disabled: "dim", unranked: "dim" }
/** A curve ends at twice the highest cost of the set, so that it shows changes that matter there. */
const HEADROOM = 2

export function statusLines(status: StatusDocument, look: StatusLook): ReadonlyArray<Line> {
  return [headLine(status, look), ...troubles(status, look), [], ...listeners(status), ...upstreams(status, look)]
}

function headLine({ enabled, override, uptimeSeconds, record, restarts }: StatusDocument, { at }: StatusLook): Line {
  const off = override === false ? "disabled by an operator" : "disabled"
  const entries = record.to < 0 ? "no record" : `record ${record.from} to ${record.to}`
  return [
    span("Fairlead", "bold"),
    span(` at ${at}   up ${spanText(uptimeSeconds)}   `),
    enabled ? span("enabled", "good") : span(off, "warn"),
    span(`   ${entries}`),
    ...(record.gaps > 0 ? [span(`, ${record.gaps} gaps`, "warn")] : []),
    ...(restarts > 0 ? [span(`   ${restarts} restarts of the core`, "bad")] : [])
  ]
}

function troubles({ outage, autoDisabledUntil }: StatusDocument, { nowMs }: StatusLook): ReadonlyArray<Line> {
  const lines: Array<Line> = []
  if (outage !== null) {
    lines.push([span(`This machine's own network is down since ${spanText(outage.sinceSeconds)}: ${outage.reason}`, "bad")])
  }
  if (autoDisabledUntil !== null) {
    const seconds = (Date.parse(autoDisabledUntil) - nowMs) / 1000
    lines.push([span(`All candidates failed. Every client goes to the last resort for ${spanText(seconds)} more`, "warn")])
  }
  return lines
}

function listeners({ listeners }: StatusDocument): ReadonlyArray<Line> {
  if (listeners.length === 0) return []
  const heads = [
    left("listener"),
    left("protocol"),
    left("listens on"),
    right("clients"),
    right("waiting"),
    right("accepted")
  ]
  const rows = listeners.map(({ name, protocol, listen, connections, waiting, accepted, refused, paused }) => [
    span(name, "bold"),
    span(protocol),
    span(listen),
    span(String(connections)),
    span(String(waiting), waiting > 0 ? "warn" : "plain"),
    span(String(accepted)),
    span(String(refused), refused > 0 ? "warn" : "plain"),
    span(paused ? "paused: descriptors are short" : "", "bad")
  ])
  return [...table([...heads, right("refused"), left("")], rows), []]
}

/** One table over all upstreams, so that their columns stand below each other. */
function upstreams({ upstreams }: StatusDocument, look: StatusLook): ReadonlyArray<Line> {
  if (upstreams.length === 0) return [[span("No upstream yet: a host on demand is found when a client asks for it", "dim")]]
  const heads = [
    ...[left("  candidate"), left("address"), left("state"), right("score"), right("cost ms"), right("latency ms")],
    ...[right("warm"), right("open"), right("success"), right("jitter ms")],
    ...(look.courseOf === undefined ? [] : [left("cost lately")])
  ]
  const [head = [], ...rows] = table(
    heads,
    upstreams.flatMap((one) => one.candidates.map((candidate) => cells(candidate, one, look)))
  )
  let next = 0
  return [
    head,
    ...upstreams.flatMap((one) => {
      const own = rows.slice(next, next + one.candidates.length)
      next += one.candidates.length
      const more = one.candidateCount - one.candidates.length
      return [
        upstreamLine(one, look),
        ...tlsLines(one, look),
        ...own,
        ...(more > 0 ? [[span(`  and ${more} more`, "dim")]] : [])
      ]
    })
  ]
}

function upstreamLine(
  { name, host, port, state, selectedAt, commonCause = null, dns }: ShownUpstream,
  { nowMs }: StatusLook
): Line {
  const target = host === null || name.startsWith(host) ? "" : `  ${host}${port === null ? "" : `:${port}`}`
  return [
    span(name, "bold"),
    span(`${target}  `),
    span(state, STATES[state] ?? "bad"),
    span(selectedAt === null ? "" : `, chosen ${agoText(selectedAt, nowMs)}`),
    ...(commonCause === null
      ? []
      : [span(`, all candidates fail together since ${spanText(commonCause.sinceSeconds)}`, "bad")]),
    ...(dns === null ? [] : [span(`, its name does not resolve: ${dns.reason}`, "bad")])
  ]
}

/** One line for each stage in which programs ask for TLS. */
function tlsLines({ tlsStages = [] }: ShownUpstream, { nowMs }: StatusLook): ReadonlyArray<Line> {
  return tlsStages.map(({ stage, on, offUntil, served, failed, lastFailure, unpinned }) => {
    const secondsOff = offUntil === null ? 0 : (Date.parse(offUntil) - nowMs) / 1000
    const off = secondsOff > 0 ? `off for ${spanText(secondsOff)} more` : "off, the next connection tries it"
    return [
      span(`  TLS ${stage}: `),
      on ? span("on", "good") : span(off, "warn"),
      span(`, ${served} served, `),
      span(`${failed} failed`, failed > 0 ? "warn" : "plain"),
      ...(lastFailure === null ? [] : [span(`, the last ${agoText(lastFailure.at ?? "", nowMs)}: ${lastFailure.reason}`)]),
      ...(unpinned > 0 ? [span(`, ${unpinned} without a pinned key`, "bad")] : [])
    ]
  })
}

function cells(candidate: ShownCandidate, { candidates }: ShownUpstream, look: StatusLook): ReadonlyArray<Span> {
  const { id, address, active, score, costMs, latencyMs, jitterMs, successRate, warm, connections } = candidate
  const tone: Tone = active ? "plain" : "dim"
  const [state, stateTone] = stateOf(candidate)
  const ms = (value: number | null) => span(value === null ? "-" : value.toFixed(1), tone)
  const top = HEADROOM * Math.max(1, ...candidates.map((one) => (one.active ? one.costMs ?? 0 : 0)))
  return [
    span(`${active ? (look.unicode ? "●" : "*") : " "} ${id}`, active ? "bold" : "dim"),
    span(address, tone),
    span(state, stateTone),
    span(costMs === null ? "-" : score.toFixed(0), tone),
    ms(costMs),
    ms(latencyMs),
    span(String(warm), tone),
    span(String(connections), tone),
    span(`${Math.round(successRate * 100)} %`, successRate < 0.95 ? "warn" : tone),
    ms(jitterMs),
    ...(look.courseOf === undefined ? [] : [span(curve(look.courseOf(id), top, look.unicode), tone)])
  ]
}

function stateOf({ breaker, suspect, active, costMs }: ShownCandidate): readonly [string, Tone] {
  if (breaker === "open") return ["shut out", "bad"]
  if (breaker === "half-open") return ["trial", "warn"]
  if (suspect) return ["suspect", "warn"]
  if (active) return ["in the set", "good"]
  return costMs === null ? ["not measured", "dim"] : ["spare", "dim"]
}
