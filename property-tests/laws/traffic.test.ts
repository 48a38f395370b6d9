import fc from "fast-check"
import { describe, expect } from "vitest"
import { connectionsOf } from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import type { CandidateRef } from "../../src/core/model/Candidate.ts"
import type { Move } from "../arbitraries/moves.ts"
import { play, script, sessionScript } from "../arbitraries/run.ts"
import { law, met } from "../check.ts"

/** Many sessions, and now and then a worker is lost with its own. */
const losing = sessionScript(80).map((it) => ({
  ...it,
  moves: it.moves.map((one, i): Move => i % 20 === 19 ? { ...one, kind: "workerLost" } : one)
}))

describe("traffic", () => {
  law(
    "counts the clients of each candidate as a plain table does, never below zero",
    fc.property(losing, (it) => {
      /** Clients by candidate and worker. */
      const table = new Map<string, number>()
      const change = (candidate: CandidateRef, worker: number, by: number) => {
        const key = `${candidate}/${worker}`
        table.set(key, Math.max(0, (table.get(key) ?? 0) + by))
      }
      play(it, ({ event }, _before, { state }) => {
        if (event._tag === "Started") table.clear()
        if (event._tag === "ClientAccepted") change(event.candidate, event.worker, 1)
        if (event._tag === "ClientClosed") change(event.candidate, event.worker, -1)
        if (event._tag === "WorkerLost") {
          if ([...table].some(([key, count]) => count > 0 && key.endsWith(`/${event.worker}`))) {
            met("a worker with clients was lost")
          }
          for (const key of table.keys()) if (key.endsWith(`/${event.worker}`)) table.delete(key)
        }
        for (const candidate of Vector.toArray(state.candidates)) {
          if (candidate === null) continue
          const expected = [0, 1].reduce((sum, worker) => sum + (table.get(`${candidate.id}/${worker}`) ?? 0), 0)
          if (expected > 1) met("a candidate has several clients")
          expect(connectionsOf(candidate)).toBe(expected)
        }
        if (event._tag === "ClientClosed") met("a client left")
      })
    }),
    {
      share: 0.5,
      floors: { "a candidate has several clients": 261, "a worker with clients was lost": 21, "a client left": 162 }
    }
  )

  law(
    "changes only the candidate's count when a client leaves that sent nothing or was the one to end the session",
    fc.property(sessionScript(80), (it) => {
      play(it, ({ event }, before, { state, decisions }) => {
        if (event._tag !== "ClientClosed" || event.firstByteUs >= 0 || event.silence !== "none") return
        if (event.bytesUp > 0 && event.cause.startsWith("upstream")) return
        met("a client left without a failure")
        expect(decisions).toEqual([])
        expect(state.routes).toBe(before.routes)
        expect(state.upstreams).toBe(before.upstreams)
        Vector.toArray(state.candidates).forEach((after, i) => {
          const was = Vector.get(before.candidates, i)
          if (after?.id !== event.candidate) expect(after).toBe(was)
          else expect({ ...after, connections: [] }).toEqual({ ...was, connections: [] })
        })
      })
    }),
    { share: 0.5, floors: { "a client left without a failure": 66 } }
  )

  law(
    "knows whether clients came from more than one address",
    fc.property(script(), (it) => {
      const seen = new Set<number>()
      play(it, ({ event }, _before, { state: { clients } }) => {
        // 0: the shell gave no address.
        if (event._tag === "ClientAccepted" && event.client !== 0) seen.add(event.client)
        met(seen.size > 1 ? "there were several" : "there was one address or none")
        expect(clients.several).toBe(seen.size > 1)
      })
    }),
    { share: 0.5, floors: { "there were several": 630, "there was one address or none": 495 } }
  )
})
