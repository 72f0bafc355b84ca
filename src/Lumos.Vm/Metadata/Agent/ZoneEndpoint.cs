using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Polling;
using Lumos.Linux.Sockets;
using Lumos.Zones;

namespace Lumos.Vm.Metadata.Agent;

/// <summary>
/// The socket of one zone and who is connected to it, with what the zone has used up of its limits. All on the loop's thread.
/// </summary>
internal sealed class ZoneEndpoint : IDisposable
{
    internal const string SocketName = "metadata.sock";

    private const string NewName = ".metadata.sock.new";

    /// <summary>Connections taken in one turn of the loop; the others' turn comes before the next.</summary>
    private const int MostAcceptedAtOnce = 4;

    private readonly MetadataAgentLoop _agent;
    private readonly UnixSocket _listener;
    private readonly TokenBucket _bucket;
    private readonly List<MetadataConnection> _connections = [];
    private readonly RequestLane _reads = new(), _writes = new();
    private readonly ulong _inode;
    private string? _serialPort;
    private MetadataConnection? _serial;
    private bool _disposed;

    private ZoneEndpoint(ZoneName zone, UnixSocket listener, ulong inode, MetadataAgentLoop agent)
    {
        (Zone, _listener, _inode, _agent) = (zone, listener, inode, agent);
        _bucket = new TokenBucket(agent.Clock, MetadataLimits.MostTokens, MetadataLimits.TokensPerSecond);
        agent.Loop.Add(_listener.Descriptor, PollEvents.Readable, _ => Accept());
    }

    internal ZoneName Zone { get; }

    internal byte[] ReadBuffer => _agent.ReadBuffer;

    /// <summary>It went beyond its limits: nothing more is read or accepted until it is within them again.</summary>
    internal bool IsPaused { get; private set; }

    internal int PendingInput => _connections.Sum(c => c.PendingInput);

    /// <summary>
    /// Listens in the zone's control folder. The socket has its owner before it has its name, so that whoever finds it can use
    /// it, and one that a dead agent left is replaced in one step.
    /// </summary>
    /// <param name="owner">The id that root has in the zone: the only one that may connect; null leaves it ours.</param>
    internal static ZoneEndpoint Open(ZoneName zone, string folder, uint? owner, MetadataAgentLoop agent)
    {
        var listener = UnixSocket.Listen(Path.Combine(folder, NewName));
        try
        {
            using var directory = RootedDirectory.Open(folder);
            if (owner is { } id)
            {
                directory.SetOwner(NewName, id, id);
            }
            directory.Rename(NewName, SocketName);
            return new ZoneEndpoint(zone, listener, directory.Status(SocketName)!.Inode, agent);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>Whether the socket in a folder is the one we listen on; a zone that was booted again has another folder.</summary>
    internal bool IsIn(string folder)
    {
        try
        {
            return FileStatus.Of(Path.Combine(folder, SocketName)).Inode == _inode;
        }
        catch (ErrnoException e) when (e.Errno is Errno.ENOENT or Errno.ENOTDIR)
        {
            return false;
        }
    }

    /// <summary>
    /// Answers at the other end of a machine's second serial port. Its guest is a client like others, but one that does not connect: whenever the connection ends (it
    /// was silent for long, or beyond its limits), another one is made.
    /// </summary>
    /// <param name="path">QEMU's socket.</param>
    internal void AnswerAt(string path)
    {
        if (_serialPort is null)
        {
            _agent.Unjoined++;
        }
        _serialPort = path;
        Join();
    }

    private void Join()
    {
        if (_serialPort is null || _serial is not null || IsPaused)
        {
            return;
        }
        try
        {
            _serial = new MetadataConnection(this, _agent.Loop, UnixSocket.Connect(_serialPort, nonBlocking: true), _agent.Clock, isSerial: true);
        }
        catch (ErrnoException)
        {
            return; // QEMU does not listen, or not yet
        }
        _agent.Unjoined--;
        Begin(_serial);
    }

    /// <summary>Counts what a client did; a zone that overdraws is paused.</summary>
    internal void Charge(int tokens)
    {
        if (!_bucket.Take(tokens) && !IsPaused)
        {
            Pause();
        }
    }

    internal void Submit(PendingRequest request)
    {
        if (request.Request.Changes)
        {
            Charge(MetadataLimits.TokensOfChange);
        }
        (request.Request.Changes ? _writes : _reads).Add(request);
        _agent.Serve(this);
    }

    /// <summary>The requests that can be carried out now: one that reads and one that writes.</summary>
    internal IEnumerable<PendingRequest> Next()
    {
        if (_writes.Next() is { } write)
        {
            yield return write;
        }
        if (_connections.Sum(c => (long)c.PendingOutput) <= MetadataLimits.PendingOutput && _reads.Next() is { } read)
        {
            yield return read;
        }
    }

    /// <summary>A request has been carried out, or given up.</summary>
    internal void Done(PendingRequest request)
    {
        (request.Request.Changes ? _writes : _reads).Done();
        if (!_disposed)
        {
            _agent.Serve(this);
        }
    }

    /// <summary>A client has taken its answer: there may be room for another.</summary>
    internal void OnDrained() => _agent.Serve(this);

    internal void Forget(MetadataConnection connection)
    {
        if (_connections.Remove(connection))
        {
            _agent.Connections--;
        }
        if (connection == _serial)
        {
            _serial = null;
            _agent.Unjoined++;
        }
    }

    /// <summary>Ends a pause when it is over, and connections that have stalled.</summary>
    internal void Tick(bool sweep)
    {
        if (sweep)
        {
            Join();
            foreach (var connection in _connections.ToArray())
            {
                connection.Sweep();
            }
        }
        if (IsPaused && _bucket.HasRecovered())
        {
            IsPaused = false;
            _agent.Paused--;
            _agent.Loop.Add(_listener.Descriptor, PollEvents.Readable, _ => Accept());
            foreach (var connection in _connections.ToArray())
            {
                connection.Resume();
            }
        }
    }

    public void Dispose()
    {
        _disposed = true;
        if (IsPaused)
        {
            _agent.Paused--;
        }
        foreach (var connection in _connections.ToArray())
        {
            connection.Close();
        }
        if (_serialPort is not null)
        {
            _agent.Unjoined--;
        }
        _agent.Loop.Remove(_listener.Descriptor);
        _listener.Dispose();
    }

    private void Accept()
    {
        for (int i = 0; i < MostAcceptedAtOnce && !IsPaused; i++)
        {
            UnixSocket? socket;
            try
            {
                socket = _listener.Accept(nonBlocking: true);
            }
            catch (ErrnoException)
            {
                Pause(); // no descriptor is free: another try in a moment, not in a circle
                return;
            }
            if (socket is null)
            {
                return;
            }
            if (_connections.Count >= MetadataLimits.Connections)
            {
                _connections.MaxBy(c => c.SilentFor)!.Close();
            }
            Begin(new MetadataConnection(this, _agent.Loop, socket, _agent.Clock));
        }
    }

    private void Begin(MetadataConnection connection)
    {
        _connections.Add(connection);
        _agent.Connections++;
        Charge(1);
        connection.Resume();
        _agent.Serve(this);
    }

    private void Pause()
    {
        IsPaused = true;
        _agent.Paused++;
        _agent.Loop.Remove(_listener.Descriptor);
        _agent.Serve(this); // so that it looks again in a moment
    }
}
