/** The axes of larger plots, and marks at moments. */
import type uPlot from "uplot"
import { clock } from "../format.ts"
import { colour } from "./colours.ts"

const FONT = "11px system-ui, sans-serif"

/** Time below, values at the left. */
export function axes(value: (value: number) => string): [uPlot.Axis, uPlot.Axis] {
  const grid = { stroke: colour("--rule"), width: 1 }
  const look = { stroke: colour("--soft"), font: FONT, grid, ticks: { show: false } }
  return [
    { ...look, grid: { show: false }, size: 26, space: 80, values: hours },
    { ...look, size: 52, space: 34, values: (_plot, splits) => splits.map(value) }
  ]
}

/** Moments of the day. */
function hours(_plot: uPlot, splits: Array<number>): Array<string> {
  return splits.map((at) => clock(at * 1_000))
}

/** A dashed line at each moment. */
export const marks = (moments: () => ReadonlyArray<number>) => (plot: uPlot): void => {
  const { ctx, bbox: { left, top, width, height } } = plot
  ctx.save()
  ctx.strokeStyle = colour("--mark")
  ctx.setLineDash([4, 4])
  ctx.beginPath()
  for (const at of moments()) {
    const x = Math.round(plot.valToPos(at, "x", true))
    if (x < left || x > left + width) continue
    ctx.moveTo(x, top)
    ctx.lineTo(x, top + height)
  }
  ctx.stroke()
  ctx.restore()
}
