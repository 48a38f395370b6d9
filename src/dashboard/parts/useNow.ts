/** The time of the browser's clock in ms, once a second while it is needed. */
import { useEffect, useState } from "preact/hooks"

export function useNow(isNeeded: boolean): number {
  const [nowMs, setNow] = useState(Date.now)
  useEffect(() => {
    if (!isNeeded) return
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [isNeeded])
  return nowMs
}
