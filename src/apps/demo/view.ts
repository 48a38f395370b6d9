/** Turns a frame into lines, for a terminal of some size or for a file. Pure. */
import type { AddressRow, AddressState, Frame, Side, StoryLine } from "./Frame.ts"
import { bar, curve } from "./sparks.ts"
import type { Column, Line, Span, Tone } from "./spans.ts"
import { clip, span, table, textOf, wrap } from "./spans.ts"

export interface Look {
  readonly columns: number
  readonly rows: number
  readonly unicode: boolean
  /** Whether bars and curves stand beside the numbers. */
  readonly curves: boolean
}

/** From this width on there is room for more columns and longer curves. */
const WIDE = 120
const SHARE_COLUMNS = 10
/** Tops of the curves, in ms. */
const MOST_COST_MS = 150
const MOST_FIRST_BYTE_MS = 2_000

const TONES: Readonly<Record<AddressState, Tone>> = {
  "unmeasured": "dim",
  "first choice": "good",
  "in the set": "plain",
  "spare": "dim",
  "ramping up": "warn",
  "suspect": "warn",
  "shut out": "bad",
  "trial": "warn"
}

/** The whole screen: at most `rows` lines of at most `columns` characters. The story gets the room that is left. */
export function screen(frame: Frame, look: Look): ReadonlyArray<Line> {
  const top = [
    titleLine(frame),
    [],
    ...addressTable(frame, look),
    [],
    ...sideTable(frame, look),
    []
  ]
  const told = frame.story.flatMap((line) => storyLines(line, look.columns))
  const room = Math.max(0, look.rows - top.length)
  return [...top, ...told.slice(Math.max(0, told.length - room))].slice(0, look.rows).map((line) => clip(line, look.columns))
}

/** The text for a file every few seconds: the same two tables, without curves. */
export function report(frame: Frame): ReadonlyArray<string> {
  const look = { columns: 80, rows: 0, unicode: false, curves: false }
  return [...addressTable(frame, look), [], ...sideTable(frame, look)].map((line) => `      ${textOf(line)}`.trimEnd())
}

function titleLine({ atMs, durationMs, switches, clientsPerSecond }: Frame): Line {
  const switched = `${switches} ${switches === 1 ? "switch" : "switches"}`
  return [
    span("Fairlead demo", "bold"),
    span(`  ${clock(atMs)} of ${clock(durationMs)}   ${clientsPerSecond} clients/s to each forwarder   ${switched}`)
  ]
}

function addressTable({ rows }: Frame, { columns, unicode, curves }: Look): ReadonlyArray<Line> {
  const wide = columns >= WIDE
  const right = (head: string): Column => ({ head, align: "right" })
  const left = (head: string): Column => ({ head, align: "left" })
  const heads = [
    left("address"),
    right("truth"),
    right("cost"),
    right("score"),
    ...(wide ? [right("latency"), right("jitter"), right("success")] : []),
    left("state"),
    right("warm"),
    right("open"),
    left("share of clients"),
    ...(wide ? [right("plain's"), left("cost over time")] : [])
  ]
  const cells = (row: AddressRow): ReadonlyArray<Span> => [
    span(row.label, "bold"),
    span(row.truth, /\d/.test(row.truth) ? "plain" : "bad"),
    span(number(row.costMs, 1)),
    span(number(row.score, 0)),
    ...(wide ? [span(number(row.latencyMs, 1)), span(number(row.jitterMs, 1)), span(percent(row.successRate))] : []),
    span(row.state, TONES[row.state]),
    span(String(row.warm)),
    span(String(row.connections)),
    span(`${percent(row.share).padStart(5)} ${curves ? bar(row.share, SHARE_COLUMNS, unicode) : ""}`.trimEnd(), "good"),
    ...(wide ? [span(percent(row.plainShare)), span(curve(row.costs, MOST_COST_MS, unicode), "dim")] : [])
  ]
  return table(heads, rows.map(cells))
}

function sideTable(frame: Frame, { columns, unicode, curves }: Look): ReadonlyArray<Line> {
  const curved = curves ? [{ head: "slowest", align: "left" } as const] : []
  const heads: ReadonlyArray<Column> = [
    { head: `first byte, last ${seconds(frame.recentMs)}`, align: "left" },
    ...["p50 ms", "p99 ms", "served", "failed", "warm"].map((head) => ({ head, align: "right" } as const)),
    ...curved
  ]
  const room = columns >= WIDE ? 60 : 12
  const cells = ({ name, recent, total, slowest }: Side, warm: string, tone: Tone): ReadonlyArray<Span> => [
    span(name, "bold"),
    span(number(recent.p50Ms, 0), tone),
    span(number(recent.p99Ms, 0), tone),
    span(String(total.served)),
    span(String(total.failed), total.failed > 0 ? "bad" : "plain"),
    span(warm),
    ...curved.map(() => span(curve(slowest.slice(-room), MOST_FIRST_BYTE_MS, unicode), "dim"))
  ]
  return table(heads, [
    cells(frame.fairlead, percent(frame.hitShare), "good"),
    cells(frame.plain, "-", "plain")
  ])
}

/** One line of the story, wrapped. Events of the script stand out; Fairlead's reactions are indented. */
export function storyLines({ atMs, who, text }: StoryLine, columns: number): ReadonlyArray<Line> {
  const said = who === "world" ? text : `  Fairlead ${text}`
  return wrap(`${clock(atMs)}  ${said}`, columns, who === "world" ? 7 : 9).map((line) => [
    span(line, who === "world" ? "bold" : "plain")
  ])
}

export function clock(ms: number): string {
  // A timer may be a little early.
  const whole = Math.floor((ms + 20) / 1000)
  return `${String(Math.floor(whole / 60)).padStart(2, "0")}:${String(whole % 60).padStart(2, "0")}`
}

export function seconds(ms: number): string {
  return `${ms % 1000 === 0 ? ms / 1000 : (ms / 1000).toFixed(1)} s`
}

export function number(value: number, digits: number): string {
  return value < 0 ? "-" : value.toFixed(digits)
}

export function percent(share: number): string {
  return share < 0 ? "-" : `${Math.round(share * 100)} %`
}
