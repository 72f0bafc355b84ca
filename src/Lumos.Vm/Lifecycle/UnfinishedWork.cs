using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Vm.Host;
using Lumos.Zones;

namespace Lumos.Vm.Lifecycle;

/// <summary>A change of a VM that takes several steps, so that somebody has to go on with it when it is cut short.</summary>
/// <param name="Verb">rollback, update, start and so on.</param>
/// <param name="Facts">What the one who goes on with it has to know.</param>
public sealed record UnfinishedWork(string Verb, JsonObject Facts)
{
    /// <summary>A power cut leaves nothing of it half done (no zone runs then): its note need not outlive the machine, and costs nothing.</summary>
    public bool EndsWithPower { get; init; }
}

/// <summary>
/// The notes of unfinished work, at most one a VM: /etc/zones/unfinished/UUID.json, or /run/lumos/unfinished/UUID.json for what ends
/// with the machine. Written before the first step, removed after the last, by whoever holds the VM's lock. A note whose lock is free
/// was left by one that was killed, or by a power cut: <see cref="VmHost.Lock"/> goes on with it for whoever takes the lock next, and
/// vmadmd takes it at once. Every step must therefore be one that can be done again. Which way a verb goes, on or back, is the
/// verb's: <see cref="Recovery"/> has the list.
/// </summary>
public sealed class UnfinishedNotes(ZoneLayout layout)
{
    private const int SecretMode = 0x180; // 0600: what an update changes may be a password

    private readonly string _lasting = Path.Combine(layout.Configurations, "unfinished");

    /// <summary>Where notes appear.</summary>
    public IReadOnlyList<string> Folders => [_lasting, layout.Unfinished];

    public void Write(string uuid, UnfinishedWork work)
    {
        string folder = work.EndsWithPower ? layout.Unfinished : _lasting;
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var note = (JsonObject)work.Facts.DeepClone();
        note["verb"] = work.Verb;
        AtomicFile.Write(Path.Combine(folder, uuid + ".json"), JsonText.Pretty(note) + "\n", SecretMode);
        foreach (string other in Paths(uuid).Where(path => Path.GetDirectoryName(path) != folder))
        {
            AtomicFile.Remove(other);
        }
    }

    public bool Exists(string uuid) => Paths(uuid).Any(File.Exists);

    /// <exception cref="LumosException">InvalidNote.</exception>
    public UnfinishedWork? TryRead(string uuid) => Paths(uuid).Select(path => TryRead(uuid, path)).FirstOrDefault(work => work is not null);

    public void Remove(string uuid)
    {
        foreach (string path in Paths(uuid))
        {
            AtomicFile.Remove(path);
        }
    }

    private IEnumerable<string> Paths(string uuid) => Folders.Select(folder => Path.Combine(folder, uuid + ".json"));

    private UnfinishedWork? TryRead(string uuid, string path)
    {
        try
        {
            var note = JsonNode.Parse(File.ReadAllText(path)) as JsonObject;
            return note?["verb"] is { } verb
                ? new UnfinishedWork(JsonText.Plain(verb), note) { EndsWithPower = Path.GetDirectoryName(path) == layout.Unfinished }
                : throw Invalid(uuid, path, null);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException e)
        {
            throw Invalid(uuid, path, e);
        }
    }

    private static LumosException Invalid(string uuid, string path, Exception? inner) => new(
        "InvalidNote", $"{path} does not say what is unfinished of VM {uuid}; \"vmadm delete {uuid}\" removes both", inner: inner);
}
