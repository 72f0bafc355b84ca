using System.Threading.Channels;
using Lumos.Drivers.Http;

namespace Lumos.Vm.Info;

/// <summary>
/// One reader of /events. The model's thread only ever puts lines into its queue; a task of its own writes them to the
/// socket. Who reads so slowly that <see cref="MostBytes"/> pile up is told so in a last line and let go, since nobody is
/// to be waited for here: what it missed it learns by asking again.
/// </summary>
public sealed class VmListener
{
    public const int MostBytes = 4 << 20;

    private readonly Channel<byte[]> _lines = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private readonly string? _vm;
    private long _queued;
    private volatile bool _lost;

    /// <param name="id">Names this stream, in its first line and in the status.</param>
    /// <param name="vm">Of this VM only; null: of all.</param>
    /// <param name="agent">Who the client says it is.</param>
    public VmListener(string id, string? vm, string agent, DateTimeOffset created)
    {
        Id = id;
        _vm = vm;
        Agent = agent;
        Created = created;
    }

    public string Id { get; }

    public string Agent { get; }

    public DateTimeOffset Created { get; }

    /// <summary>Takes a line for later; never waits. Called by the model's thread alone.</summary>
    public void Offer(string uuid, byte[] line)
    {
        if (_lost || (_vm is not null && _vm != uuid))
        {
            return;
        }
        if (Interlocked.Add(ref _queued, line.Length) > MostBytes)
        {
            _lost = true;
            _lines.Writer.Complete();
            return;
        }
        _lines.Writer.TryWrite(line);
    }

    /// <summary>Writes the lines until the client leaves, is lost, or the daemon ends.</summary>
    public async Task Flow(HttpBody body, byte[] ready, TimeProvider clock)
    {
        string reason = "vminfod is stopping";
        try
        {
            await body.Write(ready).ConfigureAwait(false);
            while (await _lines.Reader.WaitToReadAsync(body.Over).ConfigureAwait(false))
            {
                while (!_lost && _lines.Reader.TryRead(out byte[]? line))
                {
                    Interlocked.Add(ref _queued, -line.Length);
                    await body.Write(line).ConfigureAwait(false);
                }
                if (_lost)
                {
                    break;
                }
            }
            reason = $"too slow: {MostBytes >> 20} MiB of events were not read";
        }
        catch (OperationCanceledException) when (body.Over.IsCancellationRequested)
        {
            // The client has left, and will not see the last line; or the daemon ends.
        }
        await body.Write(VmEvent.End(clock.GetUtcNow(), reason)).ConfigureAwait(false);
    }
}
