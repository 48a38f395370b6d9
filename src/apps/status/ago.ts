/** Spans of time for people. */

const UNITS = [[86_400, "d"], [3_600, "h"], [60, "m"], [1, "s"]] as const

/** The two largest units: `2h 13m`, `12s`. */
export function spanText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const first = UNITS.findIndex(([size]) => whole >= size)
  if (first < 0) return "0s"
  const [size, unit] = UNITS[first] as (typeof UNITS)[number]
  const [below, smaller] = UNITS[first + 1] ?? [1, ""]
  const rest = Math.floor((whole % size) / below)
  const more = smaller === "" || rest === 0 ? "" : ` ${rest}${smaller}`
  return `${Math.floor(whole / size)}${unit}${more}`
}

/** How long ago a moment was, by this machine's clock. */
export function agoText(moment: string, nowMs: number): string {
  return `${spanText((nowMs - Date.parse(moment)) / 1000)} ago`
}
