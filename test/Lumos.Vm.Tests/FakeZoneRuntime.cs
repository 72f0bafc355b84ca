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

    /// <summary>Boots throw this.</summary>
    public Exception? BootFailure { get; set; }

    public ConcurrentDictionary<string, bool> Stubborn { get; } = new();

    public ZoneSpec? LastLimits { get; private set; }

    public ZoneStatus Status(ZoneName name)
    {
        lock (_lock)
        {
            string file = layout.StateFile(name);
            if (!File.Exists(file))
            {
                var entry = new ZoneConfigStore(layout).ReadIndex().Find(name)
                    ?? throw new LumosException("ZoneNotConfigured", $"zone '{name}' is not configured");
                return new ZoneStatus(entry.State, null, null, null, null);
            }
            var record = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
            return record["exit"] is { } exit
                ? new ZoneStatus(ZoneState.Down, null, null, null, new ZoneExit(exit.GetValue<int>(), DateTimeOffset.UnixEpoch))
                : new ZoneStatus(ZoneState.Running, record["id"]!.GetValue<int>(), 4242,
                    DateTimeOffset.FromUnixTimeMilliseconds(record["boot"]!.GetValue<long>()), null);
        }
    }

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
            Directory.CreateDirectory(layout.States);
            Write(spec.Name, new JsonObject { ["id"] = ++_lastId, ["boot"] = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() });
        }
        OnBoot?.Invoke(spec);
    }

    /// <summary>The zone's init ends by itself.</summary>
    public void End(ZoneName name, int status)
    {
        lock (_lock)
        {
            Write(name, new JsonObject { ["exit"] = status });
        }
    }

    public bool Shutdown(ZoneName name, ZoneShutdown how, TimeSpan timeout)
    {
        lock (_lock)
        {
            Calls.Add($"shutdown {name} {how} {timeout.TotalSeconds:0}");
            if (Stubborn.ContainsKey(name.Text))
            {
                return false;
            }
            File.Delete(layout.StateFile(name));
            return true;
        }
    }

    public void Halt(ZoneName name)
    {
        lock (_lock)
        {
            Calls.Add($"halt {name}");
            File.Delete(layout.StateFile(name));
        }
    }

    public ZoneExit? CleanUp(ZoneName name)
    {
        lock (_lock)
        {
            if (!File.Exists(layout.StateFile(name)) || Status(name).Exit is not { } exit)
            {
                return null;
            }
            File.Delete(layout.StateFile(name));
            return exit;
        }
    }

    public void ApplyLimits(ZoneSpec spec) => LastLimits = spec;

    public void Signal(ZoneName name, int signal) => Calls.Add($"signal {name} {signal}");

    public int Exec(ZoneName name, ZoneCommand command) => throw new NotSupportedException();

    private void Write(ZoneName name, JsonObject record) => AtomicFile.Write(layout.StateFile(name), record.ToJsonString());
}
