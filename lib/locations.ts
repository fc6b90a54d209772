// DATA: the location mapping, one row a registry region, every edition of it; and the places that it names.
// Read from the history of the public events page (registry_at_events.md).
//
//   region        the name since 2025-03-18; former: the name before that day
//   domain        of the registry; privateDomain and oldDomain still work and mean the same registry
//   from until    the dates between which it stood on the page
//   locations     where its events belong, each from a date on
//
// From 2024-10-25 to 2025-04-01 the page had two mappings side by side: hosted search (au.icr.io to Tokyo, icr.io to
// Dallas) and Event Routing (Sydney, Washington DC). The later system counts from its first day.

/** The day on which the page changed from former region names (`ap-south`) to the present ones (`au-syd`). */
export const RENAMED = '2025-03-18'

/** Every region ever published; `lib/edition.ts` picks those of one date. */
// biome-ignore format: one row a line
export const regions = [
  { region: 'au-syd', former: 'ap-south', domain: 'au.icr.io', privateDomain: 'private.au.icr.io', oldDomain: 'registry.au-syd.bluemix.net', from: '2019-07-25', until: null, locations: [{ from: '2019-07-25', location: 'jp-tok' }, { from: '2024-10-25', location: 'au-syd' }] },
  { region: 'br-sao', former: null, domain: 'br.icr.io', privateDomain: 'private.br.icr.io', oldDomain: null, from: '2021-08-27', until: null, locations: [{ from: '2021-08-27', location: 'br-sao' }] },
  { region: 'ca-mon', former: null, domain: 'ca2.icr.io', privateDomain: 'private.ca2.icr.io', oldDomain: null, from: '2025-07-29', until: null, locations: [{ from: '2025-07-29', location: 'ca-mon' }] },
  { region: 'ca-tor', former: null, domain: 'ca.icr.io', privateDomain: 'private.ca.icr.io', oldDomain: null, from: '2021-05-11', until: null, locations: [{ from: '2021-05-11', location: 'us-east' }, { from: '2021-05-14', location: 'ca-tor' }] },
  { region: 'eu-de', former: 'eu-central', domain: 'de.icr.io', privateDomain: 'private.de.icr.io', oldDomain: 'registry.eu-de.bluemix.net', from: '2019-07-25', until: null, locations: [{ from: '2019-07-25', location: 'eu-de' }] },
  { region: 'eu-es', former: null, domain: 'es.icr.io', privateDomain: 'private.es.icr.io', oldDomain: null, from: '2024-03-15', until: null, locations: [{ from: '2024-03-15', location: 'eu-es' }] },
  { region: 'eu-gb', former: 'uk-south', domain: 'uk.icr.io', privateDomain: 'private.uk.icr.io', oldDomain: 'registry.eu-gb.bluemix.net', from: '2019-07-25', until: null, locations: [{ from: '2019-07-25', location: 'eu-gb' }] },
  { region: 'in-che', former: null, domain: 'in.icr.io', privateDomain: 'private.in.icr.io', oldDomain: null, from: '2026-02-09', until: null, locations: [{ from: '2026-02-09', location: 'in-che' }] },
  { region: 'in-mum', former: null, domain: 'in2.icr.io', privateDomain: 'private.in2.icr.io', oldDomain: null, from: '2026-05-18', until: null, locations: [{ from: '2026-05-18', location: 'in-mum' }] },
  { region: 'jp-osa', former: null, domain: 'jp2.icr.io', privateDomain: 'private.jp2.icr.io', oldDomain: null, from: '2021-02-15', until: null, locations: [{ from: '2021-02-15', location: 'jp-tok' }, { from: '2021-04-30', location: 'jp-osa' }] },
  { region: 'jp-tok', former: 'ap-north', domain: 'jp.icr.io', privateDomain: 'private.jp.icr.io', oldDomain: null, from: '2019-07-25', until: null, locations: [{ from: '2019-07-25', location: 'jp-tok' }] },
  { region: 'us-south', former: null, domain: 'us.icr.io', privateDomain: 'private.us.icr.io', oldDomain: 'registry.ng.bluemix.net', from: '2019-07-25', until: null, locations: [{ from: '2019-07-25', location: 'us-south' }] },
  { region: 'global', former: null, domain: 'icr.io', privateDomain: 'private.icr.io', oldDomain: 'registry.bluemix.net', from: '2019-07-25', until: null, locations: [{ from: '2019-07-25', location: 'us-south' }, { from: '2024-10-25', location: 'us-east' }] },
] as const satisfies readonly {
  region: string
  former: string | null
  domain: string
  privateDomain: string
  oldDomain: string | null
  from: string
  until: string | null
  locations: readonly { from: string; location: string }[]
}[]

/** Where events can belong, and the AWS region that holds the queue of the place. */
// biome-ignore format: one row a line
export const places = [
  { location: 'us-south', name: 'Dallas (us-south)', awsRegion: 'us-east-2' },
  { location: 'us-east', name: 'Washington DC (us-east)', awsRegion: 'us-east-1' },
  { location: 'eu-de', name: 'Frankfurt (eu-de)', awsRegion: 'eu-central-1' },
  { location: 'eu-gb', name: 'London (eu-gb)', awsRegion: 'eu-west-2' },
  { location: 'eu-es', name: 'Madrid (eu-es)', awsRegion: 'eu-south-2' },
  { location: 'jp-tok', name: 'Tokyo (jp-tok)', awsRegion: 'ap-northeast-1' },
  { location: 'jp-osa', name: 'Osaka (jp-osa)', awsRegion: 'ap-northeast-3' },
  { location: 'au-syd', name: 'Sydney (au-syd)', awsRegion: 'ap-southeast-2' },
  { location: 'br-sao', name: 'Sao Paulo (br-sao)', awsRegion: 'sa-east-1' },
  { location: 'ca-tor', name: 'Toronto (ca-tor)', awsRegion: 'ca-west-1' },
  { location: 'ca-mon', name: 'Montreal (ca-mon)', awsRegion: 'ca-central-1' },
  { location: 'in-che', name: 'Chennai - Airtel (in-che)', awsRegion: 'ap-south-2' },
  { location: 'in-mum', name: 'Mumbai - Airtel (in-mum)', awsRegion: 'ap-south-1' },
] as const satisfies readonly { location: string; name: string; awsRegion: string }[]

export type Place = (typeof places)[number]
export type Location = Place['location']
/** A region by its present or its former name. */
export type RegionName = (typeof regions)[number]['region'] | NonNullable<(typeof regions)[number]['former']>
