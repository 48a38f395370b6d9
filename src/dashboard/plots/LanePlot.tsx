/** The time line of the selection: a lane for each candidate, filled while it is in the set. */
import type uPlot from "uplot"
import { axes } from "./axes.ts"
import { lineColour } from "./lines.ts"
import type { Move } from "./selections.ts"
import { lanes } from "./selections.ts"
import type { Data } from "./usePlot.ts"
import { usePlot } from "./usePlot.ts"

const LANE_PX = 20
const AXIS_PX = 26
/** The plot shows at least the last two minutes, and at most the last hour. */
const LEAST_S = 120
const MOST_S = 3_600

interface Props {
  readonly moves: ReadonlyArray<Move>
  readonly lines: ReadonlyMap<string, number>
  readonly nowMs: number
}

export function LanePlot({ moves, lines, nowMs }: Props) {
  const names = [...lines.keys()]
  const nowS = nowMs / 1_000
  const element = usePlot({
    kind: names.join(),
    height: names.length * LANE_PX + AXIS_PX + 8,
    data: () => lanes(moves, names, nowS) as Data,
    options: () => {
      const [below, left] = axes((lane) => names[lane] ?? "")
      return {
        legend: { show: false },
        cursor: { show: false },
        padding: [8, 26, 0, 0],
        scales: {
          x: { range: (_plot, least, most) => [Math.max(Math.min(least ?? most, most - LEAST_S), most - MOST_S), most] },
          y: { dir: -1, range: () => [-0.5, names.length - 0.5] }
        },
        axes: [below, { ...left, size: 84, space: 1, grid: { show: false }, splits: () => names.map((_name, i) => i) }],
        series: [
          {},
          ...names.map((name): uPlot.Series => ({
            stroke: lineColour(lines.get(name) ?? 0),
            width: 8,
            points: { show: false }
          }))
        ]
      }
    }
  })
  return <div class="plot" ref={element} role="img" aria-label={`When each of ${names.join(", ")} was in the set`} />
}
