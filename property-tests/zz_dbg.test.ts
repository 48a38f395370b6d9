import { readFileSync } from "node:fs"
import { it } from "vitest"
import * as Vector from "../src/core/data/Vector.ts"
import { play } from "./arbitraries/run.ts"
it("x", () => {
  const s = JSON.parse(readFileSync("/tmp/cx.json", "utf8"))
  const skip = Number(process.env.SKIP ?? 0)
  try {
    play(s, ({ at, seq, event }, _b, { state, decisions }) => {
      if (seq < skip) return
      const e: any = event
      console.log(
        seq,
        at,
        e._tag,
        e.candidate ?? "",
        e.reason ?? e.cause ?? "",
        e.tookUs ?? "",
        e.tried ? JSON.stringify(e.tried) : "",
        JSON.stringify(decisions.map((d: any) => [d._tag, d.candidate ?? d.upstream]))
      )
      for (const u of Vector.toArray(state.upstreams) as any) {
        const t = u.trouble
        console.log(
          "   up",
          u.id,
          u.name,
          "m",
          JSON.stringify(u.members),
          "ret",
          u.returnedAtUs,
          "st",
          state.routes.upstreams[u.id]?.state,
          t
            && JSON.stringify({
              order: t.order,
              f: t.failures,
              by: t.byConnect,
              common: t.commonAtUs,
              since: t.sinceUs,
              seq: t.seq,
              due: t.trialDueUs
            })
        )
      }
      for (const c of Vector.toArray(state.candidates) as any) {
        if (c) {
          console.log(
            "     c",
            c.id,
            c.host,
            "cost",
            c.costMs,
            "lat",
            c.latency.value,
            "@",
            c.latency.atUs,
            "str",
            c.streak,
            "br",
            c.breaker.state,
            c.breaker.trialDueUs,
            "probe",
            c.probe,
            c.probedAtUs,
            c.queue,
            "warm",
            c.warm.dialling.length,
            "susp",
            c.suspicion.pending,
            c.suspicion.session,
            c.suspicion.pendingDueUs,
            "prov",
            c.suspicion.provenAtUs,
            "ck",
            c.checkpoint
              && [c.checkpoint.trouble, c.checkpoint.failed, c.checkpoint.suspicion.pending, c.checkpoint.suspicion.session]
                .join()
          )
        }
      }
    })
  } catch (e) {
    console.log(e)
  }
})
