/** Plots over time as SVG texts. Colours come from the page, so that they suit dark and light. */

export interface Curve {
  readonly name: string
  /** A class of the page: `c1` to `c4`. */
  readonly tone: string
  /** At the middle of each slice; null: unknown, a gap in the curve. */
  readonly values: ReadonlyArray<number | null>
}

export interface Plot {
  readonly title: string
  readonly unit: string
  readonly curves: ReadonlyArray<Curve>
  /** A logarithmic axis, for times. */
  readonly isLog?: boolean
}

/** Of all plots of a page. */
export interface Frame {
  readonly sliceMs: number
  readonly totalMs: number
  /** Drawn behind the curves. */
  readonly shades: ReadonlyArray<{ readonly fromMs: number; readonly untilMs: number; readonly text: string }>
}

const WIDTH = 640
const HEIGHT = 190
const LEFT = 52
const RIGHT = 12
const TOP = 14
const BOTTOM = 26

export function svgOf({ title, unit, curves, isLog = false }: Plot, frame: Frame): string {
  const { sliceMs, totalMs, shades } = frame
  const known = curves.flatMap(({ values }) => values.filter((value) => value !== null))
  const axis = isLog ? logAxis(known) : linearAxis(known)
  const x = (ms: number) => LEFT + (WIDTH - LEFT - RIGHT) * Math.min(1, ms / totalMs)
  const y = (value: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - axis.at(value))
  const shaded = shades.map(({ fromMs, untilMs, text }) =>
    `<rect class="shade" x="${f(x(fromMs))}" y="${TOP}" width="${f(Math.max(1, x(untilMs) - x(fromMs)))}" height="${
      HEIGHT - TOP - BOTTOM
    }"><title>${escaped(text)}</title></rect>`
  )
  const rows = axis.ticks.map((value) =>
    `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${f(y(value))}" y2="${f(y(value))}"/><text x="${
      LEFT - 6
    }" y="${f(y(value) + 4)}" text-anchor="end">${short(value)}</text>`
  )
  const columns = timeTicks(totalMs).map((ms) =>
    `<text x="${f(x(ms))}" y="${HEIGHT - 8}" text-anchor="middle">${timeText(ms, totalMs)}</text>`
  )
  const lines = curves.map(({ tone, values }) => {
    const path = pathOf(values, (i) => x((i + 0.5) * sliceMs), y)
    return `<path class="curve ${tone}" d="${path}"/>`
  })
  const legend = curves.map(({ name, tone }) => `<span class="key ${tone}">${escaped(name)}</span>`).join(" ")
  const label = `${title}${unit === "" ? "" : `, ${unit}`}`
  return `<figure><figcaption>${escaped(label)} ${legend}</figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" `
    + `aria-label="${escaped(label)}">${[...shaded, ...rows, ...columns, ...lines].join("")}</svg></figure>`
}

interface Axis {
  /** The position from 0 to 1. */
  readonly at: (value: number) => number
  readonly ticks: ReadonlyArray<number>
}

const STEPS = [1, 2, 5, 10]
const TICKS = 4

function linearAxis(values: ReadonlyArray<number>): Axis {
  const most = Math.max(...values, 0) || 1
  const size = 10 ** Math.floor(Math.log10(most / TICKS))
  const step = (STEPS.find((one) => one * size * TICKS >= most) ?? 10) * size
  const top = Math.ceil(most / step) * step
  return {
    at: (value) => Math.max(0, value) / top,
    ticks: Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step)
  }
}

function logAxis(values: ReadonlyArray<number>): Axis {
  const positive = values.filter((value) => value > 0)
  const low = Math.floor(Math.log10(Math.min(...positive, 10)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...positive, 10))))
  return {
    at: (value) => value <= 0 ? 0 : Math.max(0, (Math.log10(value) - low) / (high - low)),
    ticks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i))
  }
}

/** A value between two gaps is a dot: a line of no length with round ends. */
function pathOf(values: ReadonlyArray<number | null>, x: (i: number) => number, y: (value: number) => number): string {
  let path = ""
  values.forEach((value, i) => {
    if (value === null) return
    const isFirst = i === 0 || values[i - 1] === null
    path += `${isFirst ? "M" : "L"}${f(x(i))} ${f(y(value))}${isFirst ? "h0" : ""}`
  })
  return path
}

const TIME_STEPS_S = [5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 86_400, 172_800, 604_800]
const MOST_TIMES = 8

function timeTicks(totalMs: number): ReadonlyArray<number> {
  const stepMs = 1000 * (TIME_STEPS_S.find((step) => totalMs / 1000 / step <= MOST_TIMES) ?? 604_800)
  return Array.from({ length: Math.floor(totalMs / stepMs) + 1 }, (_, i) => i * stepMs)
}

function timeText(ms: number, totalMs: number): string {
  const seconds = Math.round(ms / 1000)
  if (totalMs < 120_000) return `${seconds} s`
  if (totalMs < 3 * 3_600_000) return `${Math.round(seconds / 6) / 10} min`
  return `${Math.round(seconds / 360) / 10} h`
}

function short(value: number): string {
  return value >= 10_000 ? `${value / 1000}k` : String(Number(value.toPrecision(3)))
}

const f = (value: number) => String(Math.round(value * 10) / 10)

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`)
}
