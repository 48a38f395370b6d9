/** The recent latencies of a candidate: a small line without axes. A screen reader reads the figure beside it. */
import { memo } from "../memo.ts"
import type { Course } from "../service/Course.ts"
import { colour } from "./colours.ts"
import { usePlot } from "./usePlot.ts"

interface Props {
  readonly course: Course
  readonly candidate: string
}

export const Spark = memo(function Spark({ course, candidate }: Props) {
  const element = usePlot({
    kind: "spark",
    height: 22,
    course,
    data: () => [course.times, course.of(candidate)],
    options: () => ({
      legend: { show: false },
      cursor: { show: false },
      padding: [2, 2, 2, 0],
      scales: { x: { time: false }, y: { range: (_plot, least, most) => spread(least, most) } },
      axes: [{ show: false }, { show: false }],
      series: [{}, { stroke: colour("--line"), width: 1.25, points: { show: false } }]
    })
  })
  return <div class="spark" ref={element} aria-hidden="true" />
})

/** From zero on would flatten the line; a steady latency must not look like a storm. */
function spread(least: number | null, most: number | null): [number, number] {
  const low = least ?? 0
  const high = most ?? 1
  const room = Math.max(1, high * 0.25, high - low) * 0.15
  const middle = (low + high) / 2
  const half = Math.max((high - low) / 2 + room, high * 0.15, 0.5)
  return [middle - half, middle + half]
}
