import '@shopify/ui-extensions/admin.order-details.block.render';
import {useCallback, useEffect, useState} from 'preact/hooks';

import {readOrder, retry, type Fetch, type Line} from './orders';

/** How often an order is read again while something in it is under way, in milliseconds. */
export const AGAIN = 5000;

const WORDS: Record<string, string> = {
  pending: 'In progress',
  ready: 'Ready',
  failed: 'Failed',
  cancelled: 'Cancelled',
  cleared: 'Cleared',
};
const STEPS: Record<string, string> = {
  pinning: 'fetching pictures',
  queued: 'waiting to render',
  rendering: 'rendering',
};

type Tone = 'success' | 'critical' | 'info' | 'neutral';

const TONES: Record<string, Tone> = {ready: 'success', failed: 'critical', pending: 'info'};

interface Props {
  /** Shopify's number of the order. */
  order: string;
  ask?: Fetch;
}

/** The artwork of each customised line item of an order. */
export function ArtworkBlock({order, ask = fetch}: Props) {
  const [lines, setLines] = useState<Line[]>();
  const [trouble, setTrouble] = useState('');

  const read = useCallback(async () => {
    try {
      setLines((await readOrder(order, ask)).lines);
      setTrouble('');
    } catch (error) {
      setTrouble(sentence(error));
    }
  }, [order, ask]);

  useEffect(() => {
    void read();
  }, [read]);

  const underWay = lines?.some((line) => line.status === 'pending' || line.asked) ?? false;
  useEffect(() => {
    if (!underWay) return undefined;
    const timer = setInterval(() => void read(), AGAIN);
    return () => clearInterval(timer);
  }, [underWay, read]);

  const tryAgain = async (jobId: string) => {
    try {
      await retry(jobId, ask);
      await read();
    } catch (error) {
      setTrouble(sentence(error));
    }
  };

  return (
    <s-admin-block heading="Artwork" collapsedSummary={summary(lines)}>
      <s-stack gap="base">
        {trouble && (
          <s-banner tone="critical" heading="That did not work">
            <s-stack gap="small">
              <s-text>{trouble}</s-text>
              <s-button onClick={() => void read()}>Try again</s-button>
            </s-stack>
          </s-banner>
        )}
        {!lines && !trouble && <s-spinner accessibilityLabel="Reading the artwork of this order" />}
        {lines?.length === 0 && <s-text color="subdued">Nothing in this order is customised.</s-text>}
        {lines?.map((line) => (
          <LineOf key={line.jobId} line={line} onRetry={() => void tryAgain(line.jobId)} />
        ))}
      </s-stack>
    </s-admin-block>
  );
}

function LineOf({line, onRetry}: {line: Line; onRetry: () => void}) {
  return (
    <s-stack direction="inline" gap="base" alignItems="start">
      {line.thumbnail && <s-thumbnail src={line.thumbnail} alt={`Artwork of ${line.title}`} size="large" />}
      <s-stack gap="small-200">
        <s-stack direction="inline" gap="small" alignItems="center">
          <s-text type="strong">{line.title}</s-text>
          <s-badge tone={TONES[line.status] ?? 'neutral'}>{WORDS[line.status] ?? line.status}</s-badge>
          {line.status === 'pending' && STEPS[line.step] && <s-text color="subdued">{STEPS[line.step]}</s-text>}
        </s-stack>
        {line.reason && <s-text>{line.reason}</s-text>}
        {line.advice && <s-text color="subdued">{line.advice}</s-text>}
        {line.texts.map((text) => (
          <s-text key={text.name}>
            {text.name}: {text.value}
          </s-text>
        ))}
        <s-stack direction="inline" gap="small">
          {line.preview && (
            <s-link href={line.preview} target="_blank">
              Preview
            </s-link>
          )}
          {line.files.map((file) => (
            <s-link key={file.url} href={file.url} target="_blank">
              {file.label}
            </s-link>
          ))}
        </s-stack>
        {line.asked && <s-text color="subdued">Retry sent</s-text>}
        {line.status === 'failed' && !line.asked && (
          <s-button onClick={onRetry} accessibilityLabel={`Retry the artwork of ${line.title}`}>
            Retry
          </s-button>
        )}
      </s-stack>
    </s-stack>
  );
}

/** What the folded block says: `2 ready, 1 failed`. */
export function summary(lines: Line[] | undefined): string {
  if (!lines) return '';
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line.status, (counts.get(line.status) ?? 0) + 1);
  const parts = [...counts].map(([status, count]) => `${count} ${(WORDS[status] ?? status).toLowerCase()}`);
  return parts.join(', ') || 'Nothing is customised';
}

function sentence(error: unknown): string {
  return error instanceof Error && error.name !== 'TypeError' ? error.message : 'Printworks does not answer.';
}
