/**
 * A plot in an element: made when it comes into view, as wide as the element. It draws new data by itself, so what is around it
 * need not be drawn anew.
 */
import type { RefObject } from "preact"
import { useEffect, useRef } from "preact/hooks"
import uPlot from "uplot"
import type { Course } from "../service/Course.ts"
import { whenThemeChanges } from "./colours.ts"

export type Data = uPlot.AlignedData

interface Plot {
  /** Another text means another plot: other lines, for example. */
  readonly kind: string
  readonly height: number
  readonly options: () => Omit<uPlot.Options, "width" | "height">
  readonly data: () => Data
  /** Where the data come from. */
  readonly course?: Course | undefined
}

export function usePlot({ kind, height, options, data, course }: Plot): RefObject<HTMLDivElement | null> {
  const element = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const latest = useRef(data)
  latest.current = data

  useEffect(() => {
    const place = element.current
    if (place === null) return
    let isVisible = false
    const make = () => {
      plot.current?.destroy()
      plot.current = isVisible && place.clientWidth > 0
        ? new uPlot({ ...options(), width: place.clientWidth, height }, latest.current(), place)
        : undefined
    }
    const seen = new IntersectionObserver(([entry]) => {
      isVisible = entry?.isIntersecting === true
      if (isVisible !== (plot.current !== undefined)) make()
    }, { rootMargin: "100px" })
    const sized = new ResizeObserver(() => plot.current?.setSize({ width: place.clientWidth, height }))
    const unwatch = whenThemeChanges(make)
    const unfollow = course?.watch(() => plot.current?.setData(latest.current()))
    seen.observe(place)
    sized.observe(place)
    return () => {
      seen.disconnect()
      sized.disconnect()
      unwatch()
      unfollow?.()
      plot.current?.destroy()
      plot.current = undefined
    }
  }, [kind, height, course])

  useEffect(() => {
    if (course === undefined) plot.current?.setData(data())
  })
  return element
}
