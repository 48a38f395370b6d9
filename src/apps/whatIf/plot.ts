/**
 * The plot of one course as SVG: the lowest latency there was, and that of the first choice of both runs, over time; below it a mark for
 * each move of the set. It is a picture without a script, so a report is one file that any browser shows and prints.
 */
import type { Course } from "../../sim/whatIf/compared.ts"

const WIDTH = 960
const HEIGHT = 260
const LEFT = 56
const RIGHT = 12
const TOP = 12
const BOTTOM = 30
/** Two rows of marks between the curves and the time. */
const ROW = 14
const PLOT_BOTTOM = HEIGHT - BOTTOM - 2 * ROW - 6
const TICKS = 5
/** Latencies above this quantile are cut off, so that one slow moment does not flatten all others. */
const SHOWN = 0.995

type Values = ReadonlyArray<number | null>

export function plot(course: Course): string {
  const { bestMs, recordedMs, otherMs, switches, fromMs, stepMs } = course
  const toMs = fromMs + stepMs * bestMs.length
  const most = niceMost([...bestMs, ...recordedMs, ...otherMs])
  const x = (ms: number) => LEFT + ((ms - fromMs) / (toMs - fromMs || 1)) * (WIDTH - LEFT - RIGHT)
  const y = (ms: number) => PLOT_BOTTOM - (Math.min(ms, most) / most) * (PLOT_BOTTOM - TOP)
  const at = (i: number) => x(fromMs + (i + 0.5) * stepMs)
  const marks = (row: number, times: ReadonlyArray<number>, kind: string) =>
    times.map((ms) => {
      const from = PLOT_BOTTOM + 6 + row * ROW
      return `<path class="mark ${kind}" d="M${x(ms).toFixed(1)} ${from}v${ROW - 4}"/>`
    }).join("")
  const label = `Latency of the first choice for clients of ${
    escaped(course.upstream)
  }, recorded and under the other settings`
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">`
    + axis(most, y) + timeAxis(fromMs, toMs, x)
    + curve(bestMs, "best", at, y) + curve(recordedMs, "recorded", at, y) + curve(otherMs, "other", at, y)
    + `<text class="row" x="${LEFT - 8}" y="${PLOT_BOTTOM + ROW + 2}">moves</text>`
    + marks(0, switches.recorded, "recorded") + marks(1, switches.other, "other")
    + "</svg>"
}

/** A path that breaks off where nothing is known. Neighbours with one value make one step. */
function curve(values: Values, kind: string, at: (i: number) => number, y: (ms: number) => number): string {
  let path = ""
  let isDown = false
  values.forEach((value, i) => {
    if (value === null) {
      isDown = false
      return
    }
    if (isDown && values[i - 1] === value && values[i + 1] === value) return
    path += `${isDown ? "L" : "M"}${at(i).toFixed(1)} ${y(value).toFixed(1)}`
    isDown = true
  })
  return path === "" ? "" : `<path class="curve ${kind}" d="${path}"/>`
}

function axis(most: number, y: (ms: number) => number): string {
  return Array.from({ length: TICKS }, (_, i) => {
    const ms = (most * i) / (TICKS - 1)
    const at = y(ms).toFixed(1)
    return `<path class="grid" d="M${LEFT} ${at}H${WIDTH - RIGHT}"/><text class="tick" x="${LEFT - 8}" y="${
      (y(ms) + 4).toFixed(1)
    }">${short(ms)}${i === TICKS - 1 ? " ms" : ""}</text>`
  }).join("")
}

function timeAxis(fromMs: number, toMs: number, x: (ms: number) => number): string {
  const long = toMs - fromMs > 86_400_000
  return Array.from({ length: TICKS }, (_, i) => {
    const ms = fromMs + ((toMs - fromMs) * i) / (TICKS - 1)
    const text = new Date(ms).toISOString()
    const anchor = i === 0 ? "start" : i === TICKS - 1 ? "end" : "middle"
    return `<text class="time" x="${x(ms).toFixed(1)}" y="${HEIGHT - 8}" text-anchor="${anchor}">${
      long ? text.slice(5, 16).replace("T", " ") : text.slice(11, 19)
    }${i === TICKS - 1 ? " UTC" : ""}</text>`
  }).join("")
}

/** A round number that nearly all values are below. */
function niceMost(values: Values): number {
  const known = values.filter((one) => one !== null).sort((a, b) => a - b)
  const top = known[Math.floor((known.length - 1) * SHOWN)] ?? 1
  const unit = 10 ** Math.floor(Math.log10(Math.max(top, 0.1)))
  return [1, 2, 4, 8, 10].map((one) => one * unit).find((one) => one >= top * 1.05) ?? top * 1.2
}

function short(ms: number): string {
  return ms >= 10 || Number.isInteger(ms) ? String(Math.round(ms)) : ms.toFixed(1)
}

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")
}
