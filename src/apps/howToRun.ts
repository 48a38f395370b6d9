/** How this user types commands of Fairlead. */
import { launchedBy } from "../adapters/node/launcher.ts"

const PREFIXES = { npm: "npm start --silent --", deno: "deno task --quiet start", none: "fairlead" } as const

/** `npm start --silent -- env`: the command line of a command, in the way in which this process was started. */
export const howToRun = (command: string): string => `${PREFIXES[launchedBy]} ${command}`
