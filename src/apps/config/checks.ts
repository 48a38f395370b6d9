/** Checks of more than one key of a decoded file. */
import { ON_DEMAND } from "../../core/domain.ts"
import type { Address } from "../../core/model/Config.ts"
import { isLoopback } from "../../core/network.ts"
import type { ConfigFile } from "../../core/schema/ConfigFile.ts"
import { covers, overlap } from "../../plane/overlap.ts"
import { endpointText } from "../../core/endpointText.ts"
import { countingWarnings } from "./counting.ts"
import { nameless, unusedAuthorities } from "./identityOf.ts"
import { loopsOf } from "./loops.ts"
import { nearest } from "./nearest.ts"
import type { Found, Path, Show } from "./Problem.ts"
import { nameOf } from "./Problem.ts"
import { doubtfulPatterns, headerProtections, openDoors } from "./protections.ts"
import { refusedReferences } from "./references.ts"

/** `mayBeAlone`: no listener is needed, because a program may embed Fairlead without one. */
export function checksOf(file: ConfigFile, show: Show, mayBeAlone = false): ReadonlyArray<Found> {
  return [
    ...(file.listeners.length > 0 || mayBeAlone
      ? []
      : [needed(["listeners"], "at least one listener", "at least one listener is needed")]),
    ...unknownUpstreams(file, show),
    ...domainsTwice(file, show),
    ...reservedNames(file),
    ...takenTwice(file, show),
    ...openDoors(file, show),
    ...doubtfulPatterns(file, show),
    ...headerProtections(file),
    ...loopsOf(file, show),
    ...(Object.hasOwn(file.upstreams, "")
      ? [needed(["upstreams", ""], "a name", "needs a name: write one before the colon")]
      : []),
    ...Object.entries(file.upstreams).flatMap(([name, { candidates, host }]) =>
      candidates.length > 0 || host !== "" ? [] : [noAddresses(name)]
    ),
    ...poolBounds(["pool"], file.pool, show),
    ...Object.entries(file.upstreams).flatMap(([name, { pool }]) => {
      const inherited = pool.min === file.pool.min && pool.max === file.pool.max
      return inherited ? [] : poolBounds(["upstreams", name, "pool"], pool, show)
    }),
    ...nameless(file),
    ...unusedAuthorities(file, true, mayBeAlone),
    ...adminPort(file, show)
  ]
}

/** Warnings about a valid file. */
export function warningsOf(file: ConfigFile, show: Show, mayBeAlone = false): ReadonlyArray<Found> {
  return [
    ...unusedAuthorities(file, false, mayBeAlone),
    ...refusedReferences(file, show),
    ...exposed(file, show),
    ...countingWarnings(file)
  ]
}

function exposed({ admin: { listen, token } }: ConfigFile, show: Show): ReadonlyArray<Found> {
  if (listen === "off" || isLoopback(listen.host) || token === "") return []
  const path = ["admin", "listen"]
  const message = `${
    show(path, listen.host)
  } is reachable from other machines, and the token travels unencrypted: put a TLS proxy in front of it`
  return [{ path, expected: "127.0.0.1 or [::1]", message }]
}

function needed(path: Path, expected: string, message: string, uses: ReadonlyArray<Path> = [path]): Found {
  return { path, expected, message, uses }
}

function noAddresses(name: string): Found {
  const path = ["upstreams", name]
  const uses = [[...path, "candidates"], [...path, "host"]]
  return needed(path, "candidates or a host", "needs candidates, or a host that has addresses", uses)
}

/** A domain's name is its text, so no other upstream may have it. */
function domainsTwice(file: ConfigFile, show: Show): ReadonlyArray<Found> {
  const seen = new Map<string, Path>(Object.keys(file.upstreams).map((name) => [name, ["upstreams", name]]))
  return file.preheatDomains.flatMap((text, i) => {
    const path = ["preheatDomains", i]
    const first = seen.get(text)
    if (first === undefined) seen.set(text, path)
    if (first === undefined) return []
    const message = `${show(path, text)} is the name of ${nameOf(first)} already: take one of them out`
    return [needed(path, "a name of its own", message, [path, first])]
  })
}

/** A listener's upstream is found by its name, so it may not share it with the hosts that clients ask for. */
function reservedNames(file: ConfigFile): ReadonlyArray<Found> {
  const paths: ReadonlyArray<Path> = [
    ...(Object.hasOwn(file.upstreams, ON_DEMAND) ? [["upstreams", ON_DEMAND]] : []),
    ...file.preheatDomains.flatMap((name, i) => name === ON_DEMAND ? [["preheatDomains", i]] : [])
  ]
  return paths.map((path) =>
    needed(path, "another name", `${ON_DEMAND} is the name of all hosts that are found on first use: choose another`)
  )
}

function unknownUpstreams(file: ConfigFile, show: Show): ReadonlyArray<Found> {
  const names = [...Object.keys(file.upstreams), ...file.preheatDomains]
  return file.listeners.flatMap((listener, i) => {
    const own = unknownName(listener.upstream, ["listeners", i, "upstream"], listener.protocol)
    const instead = (["unnamed", "unknown", "notTls"] as const).flatMap((key) =>
      listener.sni[key] === "" ? [] : unknownName(listener.sni[key], ["listeners", i, "sni", key], "tcp")
    )
    return [...own, ...instead]
  })

  function unknownName(name: string, path: Path, protocol: ConfigFile["listeners"][number]["protocol"]) {
    if (protocol !== "tcp") {
      const message = `has no effect with protocol ${protocol}, whose clients name their targets: take it out`
      return name === "" ? [] : [needed(path, `nothing with protocol ${protocol}`, message)]
    }
    if (names.includes(name)) return []
    if (name === "") {
      return [needed(path, "the name of an upstream", "is missing: name the upstream that serves it")]
    }
    const shown = show(path, name)
    const guess = shown === name ? nearest(name, names) : undefined
    const hint = guess === undefined ? `known upstreams are ${names.join(", ") || "none"}` : `did you mean ${guess}?`
    const uses = [path, ["upstreams"]]
    return [{
      path,
      expected: "the name of an upstream",
      message: `there is no upstream ${shown}, ${hint}`,
      nearest: guess,
      uses
    }]
  }
}

/** Each name and each address may occur once. The admin port counts as a listener. */
function takenTwice(file: ConfigFile, show: Show): ReadonlyArray<Found> {
  const found: Array<Found> = []
  const seen = new Map<string, Path>()
  const claim = (kind: string, value: string, path: Path) => {
    const first = seen.get(`${kind} ${value}`)
    if (first === undefined) return void seen.set(`${kind} ${value}`, path)
    const message = `${kind} ${show(path, value)} is taken by ${nameOf(first.slice(0, -1))} already: choose another`
    found.push({ path, expected: `a ${kind} of its own`, message, uses: [path, first] })
  }
  const bound: Array<readonly [Address, Path]> = []
  const claimAddress = (listen: Address, path: Path) => {
    const other = bound.find(([address]) => overlap(address, listen))
    if (other === undefined) return void bound.push([listen, path])
    const [address, first] = other
    const [own, theirs] = [show(path, endpointText(listen)), show(first, endpointText(address))]
    const holder = nameOf(first.slice(0, -1))
    const message = listen.host === address.host
      ? `address ${own} is taken by ${holder} already: choose another`
      : `address ${own} overlaps with ${theirs} of ${holder}: ${widerOf(listen, address)}; take one of them out, or choose `
        + "another port"
    found.push({ path, expected: "an address of its own", message, uses: [path, first] })
  }
  file.listeners.forEach(({ name, listen }, i) => {
    claim("name", name, ["listeners", i, "name"])
    claimAddress(listen, ["listeners", i, "listen"])
  })
  if (file.admin.listen !== "off") claimAddress(file.admin.listen, ["admin", "listen"])
  return found
}

/** What the wider one of two overlapping addresses takes. */
function widerOf(a: Address, b: Address): string {
  const [wide, other] = covers(a.host, b.host) ? [a, b] : [b, a]
  if (wide.host === "0.0.0.0") return "0.0.0.0 takes every IPv4 address"
  return other.host.includes(":") ? "[::] takes every address" : "[::] takes IPv4 as well"
}

interface Bounds {
  readonly min: number
  readonly max: number
}

function poolBounds(path: Path, { min, max }: Bounds, show: Show): ReadonlyArray<Found> {
  if (min <= max) return []
  const [least, most] = [[...path, "min"], [...path, "max"]]
  const message = `${show(least, String(min))} is more than max, ${show(most, String(max))}: lower min, or raise max`
  return [needed(least, `at most ${nameOf(most)}`, message, [least, most])]
}

function adminPort({ admin: { listen, token } }: ConfigFile, show: Show): ReadonlyArray<Found> {
  if (listen === "off" || isLoopback(listen.host) || token !== "") return []
  const path = ["admin", "listen"]
  const message =
    `${show(path, listen.host)} is reachable from other machines: set admin.token, such as "\${FAIRLEAD_TOKEN}", `
    + "or listen on 127.0.0.1 or [::1]"
  return [needed(path, "a loopback address, or admin.token set", message, [path, ["admin", "token"]])]
}
