/** The leaves in `eu-de:1200,jp-tok:0`, by location. */
export const leavesOf = (text: string): Map<string, number> =>
  new Map([...text.matchAll(/([a-z0-9-]+):(\d+)/g)].map(([, location = '', leaf]) => [location, Number(leaf)]))

/** The other way round. */
export const leavesText = (leaves: ReadonlyMap<string, number>): string =>
  [...leaves].map(([location, leaf]) => `${location}:${leaf}`).join(',')
