/**
 * Keys of `tls`. They act for a program that embeds Fairlead and takes its TLS from there. A client of a listener speaks TLS with the
 * candidate itself, and Fairlead passes bytes that it cannot read. So a key that protects and could not act is a mistake.
 */
import type { ConfigFile } from "../../core/schema/ConfigFile.ts"
import { valueAt } from "./plain.ts"
import type { Found, Path, Show } from "./Problem.ts"
import { nameOf } from "./Problem.ts"

type Tls = ConfigFile["tls"]

interface Place {
  readonly path: Path
  readonly tls: Tls
}

/** Where the file itself has such a section. */
function placesOf(file: ConfigFile, written: unknown): ReadonlyArray<Place> {
  const places = [
    { path: ["tls"], tls: file.tls },
    ...Object.entries(file.upstreams).map(([name, { tls }]) => ({ path: ["upstreams", name, "tls"], tls }))
  ]
  return places.filter(({ path }) => (valueAt(written, path) ?? undefined) !== undefined)
}

/** `embedded`: a program has this configuration, and not the command. */
export function tlsMistakes(file: ConfigFile, written: unknown, show: Show, embedded: boolean): ReadonlyArray<Found> {
  return [
    ...placesOf(file, written).flatMap((place) => [...chainMistakes(place, show), ...(embedded ? [] : outsideOf(place))]),
    ...(embedded ? [...unpinnedClients(file, show), ...nameless(file), ...revealed(file)] : [])
  ]
}

/** Keys of a command's file that act for no client and protect from nothing. */
export function unusedTls(file: ConfigFile, written: unknown): ReadonlyArray<Found> {
  return placesOf(file, written).filter(({ tls }) => tls.coverName === "" && tls.pins.length === 0).map(({ path }) => ({
    path,
    expected: "a program that embeds Fairlead",
    message: "has no effect, as clients of listeners speak TLS themselves: take it out"
  }))
}

function chainMistakes({ path, tls: { chain, coverName } }: Place, show: Show): ReadonlyArray<Found> {
  const [at, cover] = [[...path, "chain"], [...path, "coverName"]]
  const twice = chain.find((stage, i) => chain.indexOf(stage) !== i)
  const hasCover = chain.includes("cover")
  return [
    ...(twice === undefined ? [] : [{
      path: at,
      expected: "each stage once",
      message: `has the stage ${twice} twice: a stage has its place in the chain once`,
      uses: [at]
    }]),
    ...(hasCover && coverName === ""
      ? [{
        path: at,
        expected: "a coverName beside stage cover",
        message: "has the stage cover, but there is no name that it could send: set coverName, or take cover out",
        uses: [at, cover]
      }]
      : []),
    ...(!hasCover && coverName !== ""
      ? [{
        path: cover,
        expected: "stage cover in the chain",
        message: `${show(cover, coverName)} would never be sent, as the chain has no stage cover: write chain: [cover, `
          + `${chain.join(", ")}]`,
        uses: [cover, at]
      }]
      : [])
  ]
}

function outsideOf({ path, tls: { coverName, pins } }: Place): ReadonlyArray<Found> {
  const cure = "take it out, or embed Fairlead in the program that speaks TLS (docs/embedding.md)"
  return [
    ...(pins.length === 0 ? [] : [{
      path: [...path, "pins"],
      expected: "a program that embeds Fairlead",
      message: `would check no client's connection, because clients speak TLS with candidates themselves: ${cure}`,
      uses: [[...path, "pins"]]
    }]),
    ...(coverName === "" ? [] : [{
      path: [...path, "coverName"],
      expected: "a program that embeds Fairlead",
      message: `would hide no client's name, because clients send their ClientHello themselves: ${cure}`,
      uses: [[...path, "coverName"]]
    }])
  ]
}

/** Clients of a listener that leads to an upstream with pins would rely on them in vain. */
function unpinnedClients(file: ConfigFile, show: Show): ReadonlyArray<Found> {
  return file.listeners.flatMap(({ upstream, sni }, i) => {
    const at = ["listeners", i]
    const named = [
      [upstream, [...at, "upstream"]] as const,
      ...(["unnamed", "unknown", "notTls"] as const).map((key) => [sni[key], [...at, "sni", key]] as const)
    ]
    return named.flatMap(([name, path]) => {
      const { pins = [], pinsReportOnly = false } = file.upstreams[name]?.tls ?? {}
      if (pins.length === 0 || pinsReportOnly) return []
      const own = ["upstreams", name, "tls", "pins"]
      const message =
        `leads clients to ${show(path, name)}, and ${nameOf(own)} would not check their connections, which only pass: `
        + "give the listener an upstream without pins, or take the pins out"
      return [{ path, expected: "an upstream without pins", message, uses: [path, own, ["tls", "pins"]] }]
    })
  })
}

/** A proof of identity sends the real name in SNI, which stage cover is to keep back. */
function revealed(file: ConfigFile): ReadonlyArray<Found> {
  const places: ReadonlyArray<readonly [Path, Pick<ConfigFile, "probing" | "tls"> | ConfigFile["upstreams"][string]]> = [
    [[], file],
    ...Object.entries(file.upstreams).map(([name, one]) => [["upstreams", name], one] as const)
  ]
  return places.flatMap(([at, { probing, tls }]) => {
    if (probing.mode !== "tls" || !tls.chain.includes("cover")) return []
    const path = [...at, "probing", "mode"]
    const message =
      `tls would send the real name to candidates, which ${nameOf([...at, "tls", "coverName"])} is to keep back: `
      + "set it to auto or tcp; connectTls checks each certificate by itself"
    return [{
      path,
      expected: "auto or tcp",
      message,
      uses: [path, [...at, "tls", "chain"], ["probing", "mode"], ["tls", "chain"]]
    }]
  })
}

/** Without a host there is no name that a certificate could be for, so `connectTls` connects nothing. */
function nameless(file: ConfigFile): ReadonlyArray<Found> {
  return Object.entries(file.upstreams).flatMap(([name, { host, tls: { pins } }]) => {
    if (host !== "" || pins.length === 0) return []
    const path = ["upstreams", name, "host"]
    const pinned = ["upstreams", name, "tls", "pins"]
    const message = `is missing, so ${nameOf(pinned)} could check no certificate: set it to the name in the certificates`
    return [{ path, expected: "a name", message, uses: [path, pinned, ["tls", "pins"]] }]
  })
}
