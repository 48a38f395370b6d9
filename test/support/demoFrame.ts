/** A frame of the demo after half a minute, to test the view without a terminal. */
import type { AddressRow, Frame, Side } from "../../src/apps/demo/Frame.ts"

const row = (ordinal: number, more: Partial<AddressRow>): AddressRow => ({
  label: `web#${ordinal}`,
  truth: "20 ms",
  state: "in the set",
  costMs: 21.34,
  score: 82.4,
  latencyMs: 22.1,
  jitterMs: 0.5,
  successRate: 1,
  share: 0,
  plainShare: 0.25,
  warm: 3,
  connections: 0,
  costs: [-1, 20, 20, 21, 90, 90, 40, 21],
  ...more
})

const side = (name: string, more: Partial<Side>): Side => ({
  name,
  recent: { served: 200, failed: 0, p50Ms: 21.4, p99Ms: 38.2 },
  total: { served: 1213, failed: 5, p50Ms: 22, p99Ms: 90 },
  slowest: Array.from({ length: 60 }, (_, i) => i < 30 ? -1 : i === 40 ? 2_000 : 30),
  ...more
})

export const FRAME: Frame = {
  atMs: 31_200,
  durationMs: 60_000,
  recentMs: 5_000,
  clientsPerSecond: 40,
  rows: [
    row(1, { state: "first choice", share: 0.96, warm: 8, connections: 2 }),
    row(2, { truth: "dark", state: "shut out", costMs: 174.6, score: 36, successRate: 0.91, warm: 0, plainShare: 0 }),
    row(3, { truth: "50 ms", share: 0.04, costMs: 47.9, score: 67.6 }),
    row(4, { truth: "75 ms", state: "suspect", costMs: 76, score: 56.8 }),
    row(5, {
      truth: "120 ms",
      state: "unmeasured",
      costMs: -1,
      score: -1,
      latencyMs: -1,
      jitterMs: -1,
      successRate: -1,
      warm: 0,
      costs: []
    })
  ],
  fairlead: side("Fairlead", {}),
  plain: side("plain forwarder, round robin", {
    recent: { served: 160, failed: 40, p50Ms: 122, p99Ms: 1_103 },
    total: { served: 1_124, failed: 76, p50Ms: 121, p99Ms: 900 }
  }),
  hitShare: 0.987,
  switches: 3,
  story: [
    { atMs: 19_000, who: "world", text: "web#2, now the nearest, goes dark: it refuses nothing and answers nothing" },
    { atMs: 19_210, who: "fairlead", text: "sends new clients to web#3 after 0.2 s: web#2 is suspect" },
    {
      atMs: 22_400,
      who: "fairlead",
      text: "serves from web#3 web#4 web#1: web#2 (135 ms) out, shut out; web#4 (72 ms) in, for a free place"
    },
    { atMs: 29_000, who: "world", text: "web#1 is near again: 90 -> 20 ms" }
  ]
}
