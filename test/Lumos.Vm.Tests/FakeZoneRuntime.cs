using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Zones;
using Lumos.Zones.Config;

namespace Lumos.Vm.Tests;

/// <summary>
/// Zones without a kernel: the state of each is a file in the layout's States folder, as the real ones' is, so that watchers
/// see what they would see. A zone obeys a shutdown unless told to be stubborn; <see cref="End"/> ends its init.
/// </summary>
internal sealed class FakeZoneRuntime(ZoneLayout layout) : IZoneRuntime
{
    private readonly Lock _lock = new();
    private int _lastId;

    public List<string> Calls { get; } = [];

    /// <summary>Called once a zone is up: what its init does.</summary>
    public Action<ZoneSpec>? OnBoot { get; set; }

    /// <summary>Called when a zone has been asked to stop and has not yet.</summary>
    public Action<ZoneName>? OnShutdown { get; set; }

    /// <summary>Called in the middle of a boot, a halt, and the wait for a shutdown, with what is under way: where a kill may fall.</summary>
    public Action<string>? OnMiddle { get; set; }

    /// <summary>Boots throw this.</summary>
    public Exception? BootFailure { get; set; }

    public ConcurrentDictionary<string, bool> Stubborn { get; } = new();

    /// <summary>What zones that run say their init is.</summary>
    public int InitPid { get; set; } = 4242;

    /// <summary>Inits have ended and nobody wrote down how: the monitors were killed.</summary>
    public bool InitsEndedUnseen { get; set; }

    /// <summary>Whoever boots zones was killed, which leaves no trace in any file.</summary>
    public bool BootersAreGone { get; set; }

    public ZoneSpec? LastLimits { get; private set; }

    public ZoneSpec? LastBoot { get; private set; }

    public void Ready(ZoneSpec spec) => throw new NotSupportedException("nothing of vmadm makes a zone ready");

    public ZoneStatus Status(ZoneName name)
    {
        lock (_lock)
        {
            if (Read(name) is not { } record)
            {
                var entry = new ZoneConfigStore(layout).ReadIndex().Find(name)
                    ?? throw new LumosException("ZoneNotConfigured", $"zone '{name}' is not configured");
                return ZoneStatus.Stored(entry.State, entry.Path);
            }
            var restarts = new ZoneRestarts(record["restarts"]!.GetValue<int>(), record["row"]!.GetValue<int>());
            var transition = record["to"] is { } to
                ? new ZoneTransition(to.GetValue<string>() == "running" ? ZoneState.Running : ZoneState.Installed,
                    DateTimeOffset.FromUnixTimeMilliseconds(record["by"]!.GetValue<long>()), record["abandoned"]?.GetValue<bool>() == true) { IsAsked = record["asked"] is not null }
                : null;
            var boot = DateTimeOffset.FromUnixTimeMilliseconds(record["boot"]!.GetValue<long>());
            if (InitsEndedUnseen)
            {
                return new ZoneStatus(ZoneState.Down, null, null, boot, null);
            }
            if (record["half"] is not null)
            {
                bool lives = record["abandoned"] is null && !BootersAreGone;
                return new ZoneStatus(lives ? ZoneState.Ready : ZoneState.Down, null, null, null, null) { Restarts = restarts, IsBeingBroughtUp = lives };
            }
            return record["exit"] is { } exit
                ? new ZoneStatus(ZoneState.Down, null, null, boot,
                    new ZoneExit(exit.GetValue<int>(), DateTimeOffset.FromUnixTimeMilliseconds(record["ended"]!.GetValue<long>())))
                {
                    Restarts = restarts,
                    Transition = transition,
                }
                : new ZoneStatus(transition is null ? ZoneState.Running : ZoneState.ShuttingDown, record["id"]!.GetValue<int>(), InitPid, boot,
                    restarts.Total > 0 ? ZoneLastExit.TryRead(PathOf(name)) : null)
                {
                    Restarts = restarts,
                    Transition = transition,
                };
        }
    }

    public ZoneStatus Status(ZoneIndexEntry entry) => Read(entry.Name) is null ? ZoneStatus.Stored(entry.State, entry.Path) : Status(entry.Name);

    public void Boot(ZoneSpec spec)
    {
        lock (_lock)
        {
            if (!Status(spec.Name).State.CanBoot)
            {
                throw new LumosException("ZoneCannotBoot", $"zone '{spec.Name}' is {Status(spec.Name).State.Word}");
            }
            Calls.Add($"boot {spec.Name}");
            if (BootFailure is { } failure)
            {
                throw failure;
            }
            Clear(spec.Name);
            if (spec.Restarts.Total == 0)
            {
                ZoneLastExit.Remove(spec.ZonePath);
            }
            Directory.CreateDirectory(layout.States);
            Directory.CreateDirectory(layout.ControlFolder(spec.Name));
            Write(spec.Name, Record(spec, half: true));
        }
        OnMiddle?.Invoke("boot");
        lock (_lock)
        {
            LastLimits = spec;
            Write(spec.Name, Record(spec, half: false));
        }
        LastBoot = spec;
        OnBoot?.Invoke(spec);
    }

    private JsonObject Record(ZoneSpec spec, bool half)
    {
        var record = new JsonObject
        {
            ["id"] = half ? ++_lastId : _lastId,
            ["boot"] = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
            ["restarts"] = spec.Restarts.Total,
            ["row"] = spec.Restarts.InRow,
        };
        if (half)
        {
            record["half"] = true;
        }
        return record;
    }

    /// <summary>Whoever boots zones or brings them down was killed; a zone that was asked to stop does so all the same, unless it is stubborn.</summary>
    public void Orphan()
    {
        lock (_lock)
        {
            foreach (var name in Directory.EnumerateFiles(layout.States).Select(file => ZoneName.Parse(Path.GetFileNameWithoutExtension(file))))
            {
                var record = Read(name)!;
                record["abandoned"] = true;
                Write(name, record);
                if (record["to"] is { } to && record["asked"] is not null && record["exit"] is null && !Stubborn.ContainsKey(name.Text))
                {
                    End(name, to.GetValue<string>() == ZoneState.Running.Word ? 129 : 130);
                }
            }
        }
    }

    /// <summary>The zone's init ends by itself.</summary>
    public void End(ZoneName name, int status)
    {
        lock (_lock)
        {
            var record = Read(name)!;
            record["exit"] = status;
            record["ended"] = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
            Write(name, record);
        }
    }

    /// <summary>It has been asked to stop, and whoever asked is gone.</summary>
    public void Abandon(ZoneName name, ZoneState to, DateTimeOffset by)
    {
        lock (_lock)
        {
            var record = Read(name)!;
            (record["to"], record["by"], record["asked"], record["abandoned"]) = (to.Word, by.ToUnixTimeMilliseconds(), true, true);
            Write(name, record);
        }
    }

    public bool Shutdown(ZoneName name, ZoneShutdown how, TimeSpan timeout)
    {
        lock (_lock)
        {
            Calls.Add($"shutdown {name} {how} {timeout.TotalSeconds:0}");
            if (!Status(name).State.CanShutdown)
            {
                throw new LumosException("ZoneNotRunning", $"zone '{name}' is {Status(name).State.Word}, not running");
            }
            var record = Read(name)!;
            record["to"] = (how == ZoneShutdown.Reboot ? ZoneState.Running : ZoneState.Installed).Word;
            record["by"] = (DateTimeOffset.UtcNow + timeout).ToUnixTimeMilliseconds();
            Write(name, record);
        }
        OnMiddle?.Invoke("shutdown, not yet asked");
        lock (_lock)
        {
            MarkAsked(name);
        }
        OnShutdown?.Invoke(name);
        OnMiddle?.Invoke("shutdown");
        if (Stubborn.ContainsKey(name.Text))
        {
            return false;
        }
        lock (_lock)
        {
            End(name, how == ZoneShutdown.Reboot ? 129 : 130);
            Clear(name);
            return true;
        }
    }

    public void ResumeShutdown(ZoneName name)
    {
        lock (_lock)
        {
            if (Read(name) is { } record && record["to"] is { } to && record["asked"] is null && record["abandoned"] is not null && record["exit"] is null)
            {
                Calls.Add($"ask {name}");
                MarkAsked(name);
                if (!Stubborn.ContainsKey(name.Text))
                {
                    End(name, to.GetValue<string>() == ZoneState.Running.Word ? 129 : 130);
                }
            }
        }
    }

    private void MarkAsked(ZoneName name)
    {
        if (Read(name) is { } record)
        {
            record["asked"] = true;
            Write(name, record);
        }
    }

    public void Halt(ZoneName name)
    {
        lock (_lock)
        {
            Calls.Add($"halt {name}");
            if (Read(name) is not { } record)
            {
                return;
            }
            if (record["exit"] is null && record["half"] is null)
            {
                (record["to"], record["by"]) = (ZoneState.Installed.Word, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
                Write(name, record);
                End(name, 128 + 9);
            }
        }
        OnMiddle?.Invoke("halt");
        lock (_lock)
        {
            Clear(name);
        }
    }

    public ZoneExit? CleanUp(ZoneName name)
    {
        lock (_lock)
        {
            if (Read(name) is not { } record || Status(name).State != ZoneState.Down || (record["to"] is not null && record["abandoned"] is null))
            {
                return null;
            }
            var exit = Status(name).Exit ?? new ZoneExit(255, DateTimeOffset.UtcNow);
            Clear(name);
            return exit;
        }
    }

    /// <summary>A running zone's limits cannot be changed: this is why.</summary>
    public Exception? LimitFailure { get; set; }

    public void ApplyLimits(ZoneSpec spec) => LastLimits = LimitFailure is { } failure ? throw failure : spec;

    public void ApplyTmpfs(ZoneSpec spec) => Calls.Add($"tmpfs {spec.Name} {spec.TmpfsBytes >> 20}");

    public void GrowDisk(ZoneName name, int disk, long bytes) => Calls.Add($"grow {name} {disk} {bytes >> 20}");

    public void ApplyRoutes(ZoneSpec before, ZoneSpec after) =>
        Calls.Add($"routes {after.Name} -{string.Join(' ', before.Routes.Except(after.Routes).Select(r => r.Destination))} +{string.Join(' ', after.Routes.Except(before.Routes).Select(r => r.Destination))}");

    public void Signal(ZoneName name, int signal) => Calls.Add($"signal {name} {signal}");

    public int Exec(ZoneName name, ZoneCommand command) => throw new NotSupportedException();

    private string PathOf(ZoneName name) => new ZoneConfigStore(layout).Load(name).ZonePath;

    private JsonObject? Read(ZoneName name) =>
        File.Exists(layout.StateFile(name)) ? JsonNode.Parse(File.ReadAllText(layout.StateFile(name)))!.AsObject() : null;

    private void Clear(ZoneName name)
    {
        if (Read(name)?["exit"] is not null && Directory.Exists(PathOf(name)))
        {
            ZoneLastExit.Write(PathOf(name), Status(name).Exit!);
        }
        if (Directory.Exists(layout.RunFolder(name)))
        {
            Directory.Delete(layout.RunFolder(name), recursive: true);
        }
        File.Delete(layout.StateFile(name));
    }

    // As the real one: what a killed writer left is cleared away by whoever has this lock.
    private void Write(ZoneName name, JsonObject record)
    {
        using (FileLock.Acquire(layout.StateLock(name)))
        {
            AtomicFile.Write(layout.StateFile(name), record.ToJsonString());
        }
    }
}
