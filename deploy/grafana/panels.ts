/** One query of a panel. */
export interface Query {
  readonly expr: string
  readonly legend: string
}

export interface PanelOptions {
  readonly title: string
  /** What to read from it, in a sentence or two. */
  readonly description: string
  readonly queries: readonly Query[]
  /** As Grafana calls it. */
  readonly unit: string
  /** Of the 24 columns. */
  readonly width: number
}

/** What a number stands for. */
export interface State {
  readonly value: number
  readonly text: string
  readonly color: string
}

export interface Panel {
  readonly type: string
  readonly title: string
  readonly width: number
  readonly height: number
  readonly rest: object
}

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' }
const HEIGHT = 8

/** Lines over time. */
export function chart(options: PanelOptions & { readonly isStacked?: boolean; readonly max?: number }): Panel {
  const { isStacked = false, max, unit } = options
  const custom = {
    drawStyle: 'line',
    lineWidth: 1,
    fillOpacity: isStacked ? 40 : 5,
    showPoints: 'never',
    spanNulls: false,
    stacking: { mode: isStacked ? 'normal' : 'none', group: 'A' }
  }
  const defaults = { unit, min: 0, ...(max === undefined ? {} : { max }), custom }
  return panel('timeseries', options, HEIGHT, {
    fieldConfig: { defaults, overrides: [] },
    options: {
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
      tooltip: { mode: 'multi', sort: 'desc' }
    }
  })
}

/** One number, and how it went. */
export function stat(options: PanelOptions & { readonly redFrom?: number; readonly redBelow?: number }): Panel {
  const { unit, redFrom, redBelow } = options
  const steps = [
    { color: redBelow === undefined ? (redFrom === undefined ? 'blue' : 'green') : 'red', value: null },
    ...(redFrom === undefined ? [] : [{ color: 'red', value: redFrom }]),
    ...(redBelow === undefined ? [] : [{ color: 'green', value: redBelow }])
  ]
  return panel('stat', options, 4, {
    fieldConfig: { defaults: { unit, thresholds: { mode: 'absolute', steps } }, overrides: [] },
    options: {
      colorMode: 'value',
      graphMode: 'area',
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      textMode: 'value_and_name'
    }
  })
}

/** Bars of states over time, a row for each series. Without states a number is its own colour, from low to high. */
export function timeline(options: PanelOptions & { readonly states?: readonly State[] }): Panel {
  const { unit, states = [] } = options
  const mappings = states.map(({ value, text, color }, index) => ({
    type: 'value',
    options: { [String(value)]: { text, color, index } }
  }))
  const color = { mode: states.length > 0 ? 'thresholds' : 'continuous-BlPu' }
  const defaults = {
    unit,
    min: 0,
    ...(states.length > 0 ? {} : { max: 1 }),
    color,
    mappings,
    custom: { fillOpacity: 80 }
  }
  return panel('state-timeline', options, HEIGHT, {
    fieldConfig: { defaults, overrides: [] },
    options: { mergeValues: true, showValue: 'auto', rowHeight: 0.85, legend: { showLegend: false } }
  })
}

function panel(
  type: string,
  { title, description, queries, width }: PanelOptions,
  height: number,
  rest: object
): Panel {
  const targets = queries.map(({ expr, legend }, index) => ({
    datasource: DATASOURCE,
    refId: String.fromCodePoint(65 + index),
    expr,
    legendFormat: legend,
    range: true
  }))
  return { type, title, width, height, rest: { description, datasource: DATASOURCE, targets, ...rest } }
}

/** Rows of panels one below the other, each with its heading. */
export function laidOut(rows: readonly { readonly title: string; readonly panels: readonly Panel[] }[]): object[] {
  const placed: object[] = []
  let y = 0
  for (const { title, panels } of rows) {
    placed.push({
      id: placed.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { h: 1, w: 24, x: 0, y },
      panels: []
    })
    y += 1
    let x = 0
    let lineHeight = 0
    for (const { type, title: name, width, height, rest } of panels) {
      if (x + width > 24) {
        x = 0
        y += lineHeight
        lineHeight = 0
      }
      placed.push({ id: placed.length + 1, type, title: name, gridPos: { h: height, w: width, x, y }, ...rest })
      x += width
      lineHeight = Math.max(lineHeight, height)
    }
    y += lineHeight
  }
  return placed
}
