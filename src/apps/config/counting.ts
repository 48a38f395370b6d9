/** Notes and warnings about servers that count connections without data: those on ports of SSH, mail, MySQL and PostgreSQL. */
import type { ConfigFile } from "../../core/schema/ConfigFile.ts"
import { greetingPort } from "./overlay.ts"
import type { Found, Show } from "./Problem.ts"

type Upstream = ConfigFile["upstreams"][string]
type Counting = readonly [name: string, upstream: Upstream, port: number]

const COUNTED =
  "servers there count connections that send nothing, and some refuse a machine that makes many (MySQL: max_connect_errors)"

/** The defaults that follow from a port, for a user that wants to see what is in force. */
export function countingNotes(file: ConfigFile, show: Show): ReadonlyArray<Found> {
  return countingIn(file).filter(([, { probing }]) => probing.idle === "lazy").map(([name, { probing }, port]) => {
    const path = ["upstreams", name, "probing", "idle"]
    const message =
      `port ${show(["upstreams", name], String(port))}: ${COUNTED}, so it is probed once, then only while clients use it, `
      + `and no address more than ${probing.idleProbes} times between two clients that it serves`
    return { path, expected: "nothing", message }
  })
}

/** Settings that contradict these defaults. */
export function countingWarnings(file: ConfigFile): ReadonlyArray<Found> {
  return countingIn(file).flatMap(([name, { probing, pool }, port]) => {
    const path = ["upstreams", name]
    const probes = probing.idle === "always"
      ? [{
        path: [...path, "probing", "idle"],
        expected: "lazy",
        message: `port ${port}: ${COUNTED}, and each address gets such a connection every ${
          probing.interval / 1000
        } s: set it to lazy`
      }]
      : []
    const sockets = pool.mode === "off" ? [] : [{
      path: [...path, "pool", "mode"],
      expected: "off",
      message: `port ${port}: ${COUNTED}, and an unused warm socket is such a connection: set it to off`
    }]
    return [...probes, ...sockets]
  })
}

function countingIn(file: ConfigFile): ReadonlyArray<Counting> {
  return Object.entries(file.upstreams).flatMap(([name, upstream]) => {
    const port = greetingPort(upstream)
    return port === undefined ? [] : [[name, upstream, port] as const]
  })
}
