/**
 * Time in which this process was busy and did not wait. A limit of some 100 ms may then pass before the first packet has
 * left, or while the answer is in the socket already. A limit that passed by more than a timer is ever late is prolonged,
 * once.
 */
const LATE_US = 50_000

/** How much longer to wait for what was due at `dueUs`, in µs; 0: the limit has passed. */
export function missedUs(nowUs: number, dueUs: number, limitUs: number): number {
  const lateUs = nowUs - dueUs
  return lateUs < LATE_US ? 0 : Math.min(lateUs, limitUs)
}
