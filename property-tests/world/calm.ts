/** How long a world goes on after its weather has cleared. */
export const CALM_MS = 240_000
