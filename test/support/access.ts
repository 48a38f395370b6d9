/** Lists of networks as the configuration's parser makes them. */
import type { Network } from "../../src/core/model/Config.ts"
import { parseNetwork } from "../../src/core/schema/network.ts"

export const networks = (texts: ReadonlyArray<string>): ReadonlyArray<Network> =>
  texts.map((text) => {
    const network = parseNetwork(text)
    if (network === undefined) throw new Error(`no network: ${text}`)
    return network
  })
