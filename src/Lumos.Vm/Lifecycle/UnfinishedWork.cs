using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Vm.Host;
using Lumos.Zones;

namespace Lumos.Vm.Lifecycle;

/// <summary>A change of a VM that takes several steps and is finished, not undone, when it is cut short.</summary>
/// <param name="Verb">rollback or reprovision.</param>
/// <param name="Facts">What the one who finishes it has to know.</param>
public sealed record UnfinishedWork(string Verb, JsonObject Facts);

/// <summary>
/// The notes of unfinished work, /etc/zones/unfinished/UUID.json: written before the first step, removed after the last, by
/// whoever holds the VM's lock. A note whose lock is free was left by one that was killed, or by a power cut:
/// <see cref="VmHost.Lock"/> finishes it for whoever takes the lock next, and vmadmd takes it at once. Every step must
/// therefore be one that can be done again.
/// </summary>
public sealed class UnfinishedNotes(ZoneLayout layout)
{
    public string Folder => Path.Combine(layout.Configurations, "unfinished");

    public void Write(string uuid, UnfinishedWork work)
    {
        Directory.CreateDirectory(Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var note = (JsonObject)work.Facts.DeepClone();
        note["verb"] = work.Verb;
        AtomicFile.Write(Of(uuid), JsonText.Pretty(note) + "\n", 0x180);
    }

    public bool Exists(string uuid) => File.Exists(Of(uuid));

    /// <exception cref="LumosException">InvalidNote.</exception>
    public UnfinishedWork? TryRead(string uuid)
    {
        try
        {
            var note = JsonNode.Parse(File.ReadAllText(Of(uuid))) as JsonObject;
            return note?["verb"] is { } verb ? new UnfinishedWork(JsonText.Plain(verb), note) : throw Invalid(uuid, null);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException e)
        {
            throw Invalid(uuid, e);
        }
    }

    public void Remove(string uuid) => AtomicFile.Remove(Of(uuid));

    private string Of(string uuid) => Path.Combine(Folder, uuid + ".json");

    private LumosException Invalid(string uuid, Exception? inner) => new(
        "InvalidNote", $"{Of(uuid)} does not say what is unfinished of VM {uuid}; \"vmadm delete {uuid}\" removes both", inner: inner);
}
