using System.Globalization;
using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Machine;

/// <summary>
/// What a user does in the global zone of a machine, from boot to running zones. Every wait is bounded; a failure names
/// what was waited for and shows the end of the serial log.
/// </summary>
public sealed class GlobalZone(QemuMachine machine)
{
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(1);

    /// <summary>The limit of an ordinary command.</summary>
    public TimeSpan CommandLimit => TimeSpan.FromSeconds(30 * machine.Accelerator.Patience);

    /// <summary>Runs a command there, bounded.</summary>
    public CommandResult Run(params string[] words) => machine.Ssh.Run(words, CommandLimit);

    /// <summary>Runs a command with an input, bounded.</summary>
    public CommandResult RunWith(string input, params string[] words) => machine.Ssh.Run(words, CommandLimit, input);

    /// <summary>Runs a line of shell there, bounded.</summary>
    public CommandResult Shell(string line) => machine.Ssh.RunScript(line, CommandLimit);

    /// <summary>Waits for ssh.</summary>
    public void WaitForSsh(TimeSpan limit)
    {
        string fault = "";
        bool up = machine.Ssh.WaitUntilUp(limit, () =>
        {
            fault = !machine.IsRunning ? "QEMU ended" : machine.HasPanicked ? "its kernel panicked" : "";
            return fault.Length > 0;
        });
        if (!up)
        {
            throw Failed("NoSsh", fault.Length > 0 ? $"the machine did not come up: {fault}" : $"the machine did not answer on ssh within {limit.TotalSeconds:0} s");
        }
    }

    /// <summary>Waits until the pool is imported and whole.</summary>
    public void WaitForPool(TimeSpan limit) => WaitFor("pool zones ONLINE", limit, () => Run("zpool", "list", "-H", "-o", "health", "zones").Output.Trim() == "ONLINE");

    /// <summary>Waits until the machine has started everything: the service that boots the zones is online.</summary>
    public void WaitForServices(TimeSpan limit) => WaitFor("service system/zones online", limit,
        () => Run("svcs", "-H", "-o", "state", "svc:/system/zones:default").Output.Trim() == "online");

    /// <summary>Makes <paramref name="url"/> the only image source.</summary>
    public void UseImageSource(string url)
    {
        foreach (var source in (JsonNode.Parse(Run("imgadm", "sources", "-j").OrThrow().Output) as JsonArray)?.OfType<JsonObject>().ToList() ?? [])
        {
            if ((string?)source["url"] is { } old && old != url)
            {
                Run("imgadm", "sources", "-d", old).OrThrow();
            }
        }
        Run("imgadm", "sources", "-a", url).OrThrow();
    }

    /// <summary>Imports an image (one that is there already is no error).</summary>
    public void ImportImage(Guid uuid) =>
        machine.Ssh.Run(["imgadm", "import", "-q", uuid.ToString()], TimeSpan.FromMinutes(2 * machine.Accelerator.Patience)).OrThrow();

    /// <summary>The first VM with this alias, or null.</summary>
    public Guid? FindByAlias(string alias) =>
        Guid.TryParse(Run("vmadm", "lookup", $"alias={alias}").OrThrow().Output.Split('\n')[0], out var uuid) ? uuid : null;

    /// <summary>Creates a VM and returns its UUID, which vmadm names on standard error.</summary>
    public Guid Create(JsonObject payload)
    {
        var made = machine.Ssh.Run(["vmadm", "create"], TimeSpan.FromMinutes(2 * machine.Accelerator.Patience), payload.ToJsonString()).OrThrow();
        string last = made.ErrorOutput.Trim().Split('\n')[^1];
        return Guid.TryParse(last.Split(' ')[^1], out var uuid)
            ? uuid
            : throw new LumosException("VmadmOutput", $"vmadm create does not end with a UUID: \"{last}\"");
    }

    /// <summary>The record of a VM, or null when there is none.</summary>
    public JsonObject? Get(Guid uuid)
    {
        var got = Run("vmadm", "get", uuid.ToString());
        return got.Status == 0 ? JsonNode.Parse(got.Output)!.AsObject() : null;
    }

    /// <summary>Waits until a VM is running and a command runs in it.</summary>
    public void WaitForZone(Guid uuid, TimeSpan limit) => WaitFor($"zone {uuid} running", limit,
        () => (string?)Get(uuid)?["state"] == "running" && Zlogin(uuid, "true").Status == 0);

    /// <summary>Runs a command in a zone. zlogin joins its words for a shell there, as SmartOS's does, so they are quoted once more.</summary>
    public CommandResult Zlogin(Guid uuid, params string[] words) => Zlogin(uuid, CommandLimit, words);

    /// <summary>The same with a limit of its own.</summary>
    public CommandResult Zlogin(Guid uuid, TimeSpan limit, params string[] words) =>
        machine.Ssh.Run(["zlogin", uuid.ToString(), ShellWords.Join(words)], limit);

    /// <summary>
    /// Memory in use in MiB: what is neither free nor reclaimable. The kernel does not count ZFS's cache as reclaimable, so
    /// what of it lies above its floor is taken off.
    /// </summary>
    public int UsedMemoryMiB()
    {
        var memory = Fields("/proc/meminfo", 1);
        var cache = Fields("/proc/spl/kstat/zfs/arcstats", 2);
        long reclaimable = Math.Max(0, cache["size"] - cache["c_min"]);
        return (int)((memory["MemTotal"] - memory["MemAvailable"]) / 1024 - reclaimable / (1 << 20));
    }

    /// <summary>The numbers of a table in /proc by the word that begins their line.</summary>
    private Dictionary<string, long> Fields(string file, int column)
    {
        var fields = new Dictionary<string, long>();
        foreach (string line in Run("cat", file).OrThrow().Output.Split('\n'))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > column && long.TryParse(words[column], CultureInfo.InvariantCulture, out long number))
            {
                fields[words[0].TrimEnd(':')] = number;
            }
        }
        return fields;
    }

    /// <summary>Asks again until the answer is yes.</summary>
    /// <exception cref="LumosException">NotInTime.</exception>
    public void WaitFor(string what, TimeSpan limit, Func<bool> ask)
    {
        if (!Deadline.Poll(limit, _pause, () => ask() || !machine.IsRunning) || !machine.IsRunning)
        {
            throw Failed("NotInTime", machine.IsRunning ? $"{what}: not within {limit.TotalSeconds:0} s" : $"{what}: QEMU ended");
        }
    }

    private LumosException Failed(string code, string sentence) =>
        new(code, $"{sentence}; the serial log {machine.Folder.SerialLog} ends with:\n{SerialConsole.LastLines(machine.Folder, 20)}");
}
