/** Clients in an open loop: they come at their rate, whatever became of those before them. */

/**
 * Starts `count` clients, `rate` a second (0: the next one when the last one is done), and prints a JSON line for each. Done when all
 * have ended.
 */
export async function openLoop(count: number, rate: number, client: () => Promise<unknown>): Promise<void> {
  const beganMs = performance.now()
  const running: Array<Promise<void>> = []
  for (let i = 0; i < count; i++) {
    const waitMs = rate === 0 ? 0 : (i * 1000) / rate - (performance.now() - beganMs)
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    const one = client().then((seen) => console.log(JSON.stringify(seen)))
    if (rate === 0) await one
    else running.push(one)
  }
  await Promise.all(running)
}
