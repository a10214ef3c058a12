import type { RowEvaluation } from '../../../evaluation/evaluate-rows.js';
import { isDefined } from '../../../evaluation/metric.js';
import { html, type Markup } from '../html.js';
import type { NamedMetric } from '../named-metrics.js';
import { count, decimal } from '../numbers.js';
import { drawn } from '../plot.js';
import { bestOfNPlot } from '../plots/best-of-n.js';
import { calibrationPlot } from '../plots/calibration.js';
import { histogramPlot } from '../plots/histograms.js';
import { lengthPlot } from '../plots/length.js';
import { rocPlot } from '../plots/roc.js';
import type { RowPlots } from '../report-data.js';
import { overview } from './overview.js';
import { figure, type Key, section } from './section.js';

/**
 * The curves and histograms for which there is data.
 *
 * @param labelled whether a candidate's value is its label, or its reward
 */
export async function plotsOf(
  metrics: readonly NamedMetric[],
  plots: RowPlots | undefined,
  evaluation: RowEvaluation | undefined,
  labelled: boolean,
): Promise<Markup | undefined> {
  const all = await Promise.all([
    overview(metrics),
    plots && roc(plots.roc),
    plots && calibration(plots.calibration),
    plots?.histogram && histograms(plots.histogram, labelled),
    evaluation && bestOfN(evaluation, labelled),
    plots?.lengths && lengths(plots.lengths),
  ]);
  const figures = all.filter((made) => made !== undefined);
  if (figures.length === 0) return undefined;
  return section('plots', 'Curves', html`<div class="figures">${figures}</div>`);
}

async function roc(curve: RowPlots['roc']): Promise<Markup | undefined> {
  if (!isDefined(curve)) return undefined;
  const keys: Key[] = [
    ['model', 'model'],
    ['chance', 'random'],
  ];
  const reading = 'How many negatives pass with how many positives, at every threshold. The area below is the AUC.';
  return figure('ROC', await drawn(rocPlot(curve)), keys, reading);
}

async function calibration(bins: RowPlots['calibration']): Promise<Markup | undefined> {
  if (!isDefined(bins) || bins.length === 0) return undefined;
  const keys: Key[] = [
    ['model', 'model, 95 % Wilson interval'],
    ['chance', 'calibrated'],
  ];
  const reading =
    'On the diagonal, what the model calls 70 % likely is positive 70 % of the time. Larger dots hold more rows.';
  return figure('Calibration', await drawn(calibrationPlot(bins)), keys, reading);
}

async function histograms(
  histogram: NonNullable<RowPlots['histogram']>,
  labelled: boolean,
): Promise<Markup | undefined> {
  if (histogram.byLabel.length === 0) return undefined;
  const title = labelled ? 'Rewards by label' : 'Rewards';
  const reading = labelled
    ? 'Each label has its own height. The farther apart they stand, the better the model tells them apart.'
    : 'How many rows have which reward.';
  return figure(title, await drawn(histogramPlot(histogram, labelled)), [], reading);
}

async function bestOfN({ bestOf, choiceValues }: RowEvaluation, labelled: boolean): Promise<Markup | undefined> {
  const points = bestOf.filter(({ choiceValues }) => isDefined(choiceValues.chosen));
  // One point is not a curve: each group has one candidate.
  if (points.length < 2) return undefined;
  const keys: Key[] = [
    ['band', 'chosen by reward, 95 % interval'],
    ['best', 'best candidate'],
    ['chance', 'random candidate'],
  ];
  const drawing = await drawn(bestOfNPlot(points, labelled));
  return figure('Best of N', drawing, keys, [
    gain(choiceValues, labelled),
    ' Each N is of the groups with at least N candidates.',
  ]);
}

/** Says which part of the best possible gain the choice by reward achieves. */
function gain(choiceValues: RowEvaluation['choiceValues'], labelled: boolean): string {
  const { random, chosen, oracle } = choiceValues ?? {};
  if (!random || !chosen || !oracle || !isDefined(random) || !isDefined(chosen) || !isDefined(oracle)) return '';
  const ofAll = `${decimal(chosen.value)}, of a random one ${decimal(random.value)}`;
  if (!labelled) return `In whole groups the mean reward of the chosen candidate is ${ofAll}.`;
  const room = oracle.value - random.value;
  const part = room > 0 ? `: ${Math.round((100 * (chosen.value - random.value)) / room)} % of what the best gains` : '';
  return `In whole groups the mean label of the chosen candidate is ${ofAll}, of the best ${decimal(oracle.value)}${part}.`;
}

async function lengths(curve: NonNullable<RowPlots['lengths']>): Promise<Markup | undefined> {
  if (curve.bins.length < 2) return undefined;
  const keys: Key[] = [
    ['band', 'mean and middle 80 %'],
    [
      'dots',
      curve.sample.length === total(curve) ? 'a row' : `${count(curve.sample.length)} rows of ${count(total(curve))}`,
    ],
  ];
  const { correlation } = curve;
  const strength = Number.isNaN(correlation) ? '' : ` Spearman's rank correlation is ${decimal(correlation)}.`;
  const reading = `A curve that only rises or falls says that the model rewards length.${strength}`;
  return figure('Length against reward', await drawn(lengthPlot(curve)), keys, reading);
}

const total = ({ bins }: NonNullable<RowPlots['lengths']>): number => bins.reduce((sum, { rows }) => sum + rows, 0);
