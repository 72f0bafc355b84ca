using Lumos.Vm.Metadata.Protocol;

namespace Lumos.Vm.Metadata.Agent;

/// <summary>A request that waits for its turn or is being carried out.</summary>
internal sealed record PendingRequest(MetadataConnection Connection, MetadataLine.Request Request)
{
    /// <summary>When it first found the VM locked; null: it has not.</summary>
    public long? LockedSince { get; set; }
}

/// <summary>The requests of one zone that read, or those that write: one is carried out at a time.</summary>
internal sealed class RequestLane
{
    private readonly Queue<PendingRequest> _waiting = new();

    internal PendingRequest? Active { get; private set; }

    internal void Add(PendingRequest request) => _waiting.Enqueue(request);

    /// <summary>The next to carry out; null: one is being carried out, or there is none. What nobody waits for any more is left out.</summary>
    internal PendingRequest? Next()
    {
        while (Active is null && _waiting.TryDequeue(out var next))
        {
            if (!next.Connection.IsClosed)
            {
                return Active = next;
            }
        }
        return null;
    }

    internal void Done() => Active = null;
}
