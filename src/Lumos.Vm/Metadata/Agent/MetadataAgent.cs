using Lumos.Cli;
using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Linux.Polling;
using Lumos.Vm.Host;
using Lumos.Vm.Metadata.Protocol;
using Lumos.Zones;

namespace Lumos.Vm.Metadata.Agent;

/// <summary>
/// The metadata agent: answers the guests of all zones (mdata-get and the like) on a socket in each.
///
/// Guests of hardware VMs ask over their second serial port, at whose other end QEMU has a socket: the agent connects to that.
///
/// Reach. Each zone that is up has a folder of ours (ZoneLayout.ControlFolder) that is mounted in it read-only. The agent
/// makes the socket there, owned by the zone's root, and never looks at anything inside a zone.
/// Ownership. One thread runs the loop over all sockets; it parses and writes and never waits. What touches the disk is done by
/// a few workers, of each zone one request that reads and one that writes at a time, so that neither the number of zones nor
/// what one of them does costs a thread. A change that finds its VM locked is tried again until the guest has waited long enough.
/// Fed by inotify on the folder of zone states, in which a record appears just after a zone's folder, and goes just after it.
/// Limits. MetadataLimits, each counted for one zone. A zone beyond its rate is taken out of the loop until it is within it again.
/// Failure. Nothing is kept that is not on disk. Killed, it leaves sockets that nobody answers: clients wait and connect again, to
/// what the next agent puts in their place. A zone booted meanwhile has its folder, and gets its socket when the agent starts.
/// Tested with real sockets and hostile clients (MetadataAgentTests), and from inside a zone (MetadataZoneTests).
/// </summary>
public sealed class MetadataAgent : IDisposable
{
    private const FileEvents StateEvents = FileEvents.MovedTo | FileEvents.Deleted | FileEvents.OnlyDirectory;

    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(100), Often = TimeSpan.FromSeconds(5), Seldom = TimeSpan.FromMinutes(1);

    private readonly VmHost _host;
    private readonly JsonLog _log;
    private readonly bool _givesSockets;
    private readonly FileLock _alone;
    private readonly EventLoop _loop = new();
    private readonly Inotify _inotify = Inotify.Create();
    private readonly TimerFd _timer = TimerFd.Create();
    private readonly Workers _workers = new();
    private readonly MetadataStore _store;
    private readonly MetadataCommands _commands;
    private readonly MetadataAgentLoop _shared;
    private readonly Dictionary<ZoneName, ZoneEndpoint> _endpoints = [];
    private readonly Dictionary<ZoneName, long> _complained = [];
    private readonly List<(ZoneEndpoint Endpoint, PendingRequest Request)> _locked = [];
    private TimeSpan? _ticks;
    private long _swept;

    /// <summary>Takes the place of the agent and opens the sockets of all zones that are up; <see cref="Run"/> serves.</summary>
    /// <param name="givesSockets">Whether sockets are given to the zones' roots, which only root can do.</param>
    /// <exception cref="LumosException">AlreadyRunning.</exception>
    public MetadataAgent(VmHost host, JsonLog log, bool givesSockets = true)
    {
        (_host, _log, _givesSockets) = (host, log, givesSockets);
        _alone = TakePlace(host);
        _store = new MetadataStore(host);
        _commands = new MetadataCommands(_store, (zone, why) => _loop.Post(() => Complain(zone, why)));
        _shared = new MetadataAgentLoop(_loop, host.Clock, Serve);
        Directory.CreateDirectory(host.Layout.States);
        _inotify.Watch(host.Layout.States, StateEvents); // before the first look, so that nothing falls between them
        _loop.Add(_inotify.Descriptor, PollEvents.Readable, _ => OnFileEvents());
        _loop.Add(_timer.Descriptor, PollEvents.Readable, _ => OnTick());
        LookAtAll();
        _log.Info("serving", ("zones", _endpoints.Count.ToString()));
    }

    /// <summary>Serves until <see cref="Stop"/>.</summary>
    public void Run() => _loop.Run();

    /// <summary>Any thread.</summary>
    public void Stop() => _loop.Stop();

    public void Dispose()
    {
        _workers.Dispose();
        foreach (var endpoint in _endpoints.Values)
        {
            endpoint.Dispose();
        }
        _timer.Dispose();
        _inotify.Dispose();
        _loop.Dispose();
        _alone.Dispose();
    }

    private static FileLock TakePlace(VmHost host)
    {
        try
        {
            return FileLock.Acquire(Path.Combine(host.Layout.Locks, "metadata.lock"), TimeSpan.Zero);
        }
        catch (LumosException e) when (e.Code == "LockTimeout")
        {
            throw new LumosException("AlreadyRunning", "another metadata agent is running", inner: e);
        }
    }

    private void OnFileEvents()
    {
        bool lost = false;
        var zones = new HashSet<string>();
        foreach (var e in _inotify.Read())
        {
            lost |= e.Events.HasFlag(FileEvents.Overflow);
            if (e.Name.EndsWith(".json", StringComparison.Ordinal))
            {
                zones.Add(e.Name[..^5]);
            }
        }
        if (lost)
        {
            LookAtAll();
            return;
        }
        foreach (string zone in zones)
        {
            LookAt(zone);
        }
    }

    private void LookAtAll()
    {
        var zones = Directory.GetFiles(_host.Layout.States, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)!)
            .Union(_endpoints.Keys.Select(name => name.Text));
        foreach (string zone in zones.ToList())
        {
            LookAt(zone);
        }
    }

    /// <summary>Has a zone that is up answered, and one that is not left alone.</summary>
    private void LookAt(string zone)
    {
        if (!ZoneName.TryParse(zone, out var name))
        {
            return;
        }
        string folder = _host.Layout.ControlFolder(name);
        bool up = Directory.Exists(folder) && File.Exists(_host.Layout.StateFile(name));
        if (_endpoints.TryGetValue(name, out var endpoint))
        {
            if (up && endpoint.IsIn(folder))
            {
                AnswerGuest(name, endpoint);
                return;
            }
            endpoint.Dispose();
            _endpoints.Remove(name);
            _store.Forget(name);
        }
        if (up)
        {
            Open(name, folder);
        }
    }

    private void Open(ZoneName name, string folder)
    {
        try
        {
            int number = _host.Zones.Load(name).ZoneDid
                ?? throw new LumosException("InvalidZoneConfig", $"zone '{name}' has no debugid in its configuration");
            _endpoints[name] = ZoneEndpoint.Open(name, folder, _givesSockets ? ZoneSpec.FirstIdOf(number) : null, _shared);
            AnswerGuest(name, _endpoints[name]);
        }
        catch (Exception e) when (e is LumosException or IOException or UnauthorizedAccessException)
        {
            Complain(name, LumosException.Describe(e)); // it may be going down at this moment; its next record brings us here again
        }
    }

    // The socket is there before QEMU runs, and after the zone's first record: a later one brings us here again.
    private void AnswerGuest(ZoneName name, ZoneEndpoint endpoint)
    {
        if (_host.Layout.SecondSerialPort(name) is var port && File.Exists(port))
        {
            endpoint.AnswerAt(port);
            SetTicks();
        }
    }

    private void Serve(ZoneEndpoint endpoint)
    {
        foreach (var request in endpoint.Next().ToList())
        {
            CarryOut(endpoint, request);
        }
        SetTicks();
    }

    private void CarryOut(ZoneEndpoint endpoint, PendingRequest request) => _workers.Run(() =>
    {
        var reply = _commands.Run(endpoint.Zone, request.Request);
        _loop.Post(() => OnReply(endpoint, request, reply));
    });

    private void OnReply(ZoneEndpoint endpoint, PendingRequest request, MetadataReply? reply)
    {
        request.LockedSince ??= _host.Clock.GetTimestamp();
        if (reply is null && !request.Connection.IsClosed && _host.Clock.GetElapsedTime(request.LockedSince.Value) < MetadataLimits.LockPatience)
        {
            _locked.Add((endpoint, request));
            SetTicks();
            return;
        }
        if (!request.Connection.IsClosed)
        {
            request.Connection.Complete(request.Request.Id, reply ?? MetadataReply.Failure("the VM is being changed by somebody else; try again"));
        }
        endpoint.Done(request);
    }

    private void OnTick()
    {
        _timer.Consume();
        bool sweep = _host.Clock.GetElapsedTime(_swept) >= Often;
        if (sweep)
        {
            _swept = _host.Clock.GetTimestamp();
        }
        var again = _locked.ToList();
        _locked.Clear();
        foreach (var (endpoint, request) in again)
        {
            CarryOut(endpoint, request);
        }
        foreach (var endpoint in _endpoints.Values)
        {
            endpoint.Tick(sweep);
        }
        SetTicks();
    }

    // Without clients there is nothing to wake up for.
    private void SetTicks()
    {
        TimeSpan? wanted = _locked.Count > 0 || _shared.Paused > 0 ? Moment
            : _shared.Connections > 0 || _shared.Unjoined > 0 ? Often
            : null;
        if (wanted == _ticks)
        {
            return;
        }
        _ticks = wanted;
        if (wanted is { } period)
        {
            _timer.SetEvery(period);
        }
        else
        {
            _timer.Stop();
        }
    }

    // A guest can have its requests fail as often as it likes; the log is not its to fill.
    private void Complain(ZoneName zone, string why)
    {
        if (!_complained.TryGetValue(zone, out long last) || _host.Clock.GetElapsedTime(last) > Seldom)
        {
            _complained[zone] = _host.Clock.GetTimestamp();
            _log.Warn("the metadata of a zone cannot be served", ("zone", zone.Text), ("error", why));
        }
    }
}
