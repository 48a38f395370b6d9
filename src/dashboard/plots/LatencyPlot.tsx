/** The latencies of some candidates over the last minutes, with a mark at each move of the set. */
import type uPlot from "uplot"
import type { Course } from "../service/Course.ts"
import { clock, millis } from "../format.ts"
import { axes, marks } from "./axes.ts"
import { lineColour } from "./lines.ts"
import { usePlot } from "./usePlot.ts"

interface Props {
  readonly course: Course
  /** Labels of the candidates, each with the number of its colour. */
  readonly lines: ReadonlyMap<string, number>
  /** When the set moved, in seconds since 1970. */
  readonly moves: ReadonlyArray<number>
}

export function LatencyPlot({ course, lines, moves }: Props) {
  const names = [...lines.keys()]
  const element = usePlot({
    kind: names.join(),
    height: 190,
    course,
    data: () => [course.times, ...names.map((name) => course.of(name))],
    options: () => ({
      legend: { live: true, markers: { width: 0, fill: (_plot, i) => lineColour(lines.get(names[i - 1] ?? "") ?? 0) } },
      cursor: { y: false, points: { size: 6 } },
      padding: [8, 26, 0, 0],
      scales: { y: { range: (_plot, _least, most) => [0, Math.max(1, (most ?? 1) * 1.15)] } },
      axes: axes((value) => `${value} ms`),
      series: [
        {
          label: "at",
          value: (plot, value, _line, at) => clock((at === null ? plot.data[0].at(-1) ?? 0 : value ?? 0) * 1_000)
        },
        ...names.map((name): uPlot.Series => ({
          label: name,
          stroke: lineColour(lines.get(name) ?? 0),
          width: 1.75,
          points: { show: false },
          // Without a cursor the legend has the latest figures.
          value: (plot, value, line, at) => millis(at === null ? plot.data[line]?.at(-1) ?? null : value ?? null)
        }))
      ],
      hooks: { draw: [marks(() => latest.moves)] }
    })
  })
  // The plot outlives the drawing of this component, so its marks are read where the next drawing leaves them.
  const latest = element as typeof element & { moves: ReadonlyArray<number> }
  latest.moves = moves
  return <div class="plot" ref={element} role="img" aria-label={`Latency of ${names.join(", ")} over the last minutes`} />
}
