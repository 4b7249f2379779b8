import { describe, expect, it } from 'vitest'
import { readHighlights } from '../../../services/consultations/highlights.ts'

const ASTHMA = { term: 'Asthma', possible_snomed: '195967001' }
const COUGH = { term: 'Cough', possible_snomed: '49727002' }
const BOTH = JSON.stringify([ASTHMA, COUGH])

describe('readHighlights', () => {
  it.each([
    ['alone', BOTH],
    ['with white space', `\n  ${BOTH}\n`],
    ['over several lines', JSON.stringify([ASTHMA, COUGH], undefined, 2)],
    ['in a code fence', `\`\`\`json\n${BOTH}\n\`\`\``],
    ['in a fence without a language, inside prose', `Here you are:\n\`\`\`\n${BOTH}\n\`\`\`\nAnything else?`],
    ['with prose around', `The terms are ${BOTH}. I hope that helps!`],
    ['with brackets in the prose', `As asked [1], the terms are ${BOTH} [see below].`],
    ['in an object', `{"highlights": ${BOTH}}`],
    ['cut off', `[${JSON.stringify(ASTHMA)}, ${JSON.stringify(COUGH)}, {"term": "Hea`],
    ['a line each', `${JSON.stringify(ASTHMA)}\n${JSON.stringify(COUGH)}`]
  ])('reads them %s', (_name, completion) => {
    expect(readHighlights(completion)).toEqual([ASTHMA, COUGH])
  })

  it('keeps braces and brackets in texts', () => {
    const odd = { term: 'Grade {2} [mild]', possible_snomed: ']' }
    expect(readHighlights(`So: ${JSON.stringify([odd])}`)).toEqual([odd])
  })

  it.each([
    '',
    ' ',
    'There is nothing to code.',
    '[',
    ']',
    '][',
    '{',
    '[]',
    'null',
    '"text"',
    '12',
    '[1, "a", null, []]'
  ])('finds none in %j', completion => {
    expect(readHighlights(completion)).toEqual([])
  })

  it('leaves out what is no highlight, and everything beside term and code', () => {
    const list = [
      { ...ASTHMA, confidence: 1 },
      { term: '', possible_snomed: '1' },
      { term: ' ', possible_snomed: '1' },
      { term: 1, possible_snomed: '1' },
      { possible_snomed: '1' },
      { term: 'Cough', possible_snomed: { code: '49727002' } },
      { term: 'Cough', possible_snomed: true }
    ]
    expect(readHighlights(JSON.stringify(list))).toEqual([ASTHMA])
  })

  it('makes texts of codes that are numbers, but not of numbers that are rounded, and keeps a term without a code', () => {
    const completion = `[{"term": "Cough", "possible_snomed": 49727002},
      {"term": "Rounded", "possible_snomed": 999000011000001104},
      {"term": "Null", "possible_snomed": null}, {"term": "None"}]`
    expect(readHighlights(completion)).toEqual([
      COUGH,
      { term: 'Null', possible_snomed: '' },
      { term: 'None', possible_snomed: '' }
    ])
  })

  it('is done at once with a long completion of nothing but brackets', () => {
    for (const unit of ['[', '{', '[{', '{"', '{}', '"\\', '{"a":'])
      expect(readHighlights(unit.repeat(200_000))).toEqual([])
  })
})
