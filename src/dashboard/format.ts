/** Figures and moments as the page writes them. A dash stands for what is not known. */

export const DASH = "–"

/** A time in ms, with as many digits as matter. */
export function millis(value: number | null): string {
  if (value === null) return DASH
  if (value >= 10_000) return seconds(value / 1_000)
  if (value >= 1_000) return `${(value / 1_000).toFixed(2)} s`
  return value >= 100 ? `${value.toFixed(0)} ms` : `${value.toFixed(1)} ms`
}

/** A whole number, with its thousands apart. */
export function count(value: number): string {
  return value.toLocaleString("en-US")
}

/** A share from 0 to 1. Only what is whole is called 100 % or 0 %. */
export function percent(share: number | null): string {
  if (share === null) return DASH
  const value = share * 100
  if (share >= 1 || share <= 0) return `${value.toFixed(0)} %`
  return value > 99.9 ? ">99.9 %" : value < 0.1 ? "<0.1 %" : `${value.toFixed(1)} %`
}

/** A score from 0 to 100. */
export function points(score: number): string {
  return score.toFixed(1)
}

/** How long something has lasted or will last. */
export function seconds(value: number): string {
  const s = Math.max(0, Math.round(value))
  if (s < 60) return `${s} s`
  if (s < 3_600) return `${Math.floor(s / 60)} min ${s % 60} s`
  if (s < 86_400) return `${Math.floor(s / 3_600)} h ${Math.floor(s / 60) % 60} min`
  return `${Math.floor(s / 86_400)} d ${Math.floor(s / 3_600) % 24} h`
}

/** How long ago a moment was. */
export function ago(at: string | null, nowMs: number): string {
  return at === null ? "never" : `${seconds((nowMs - Date.parse(at)) / 1_000)} ago`
}

/** A moment of the day, on the reader's clock. */
export function clock(at: string | number): string {
  const date = new Date(at)
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":")
}

/** A noun for one or for several. */
export function many(number: number, one: string, several = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : several}`
}
