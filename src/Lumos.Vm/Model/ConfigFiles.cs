using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Linux.Files;
using Lumos.Vm.Properties;

namespace Lumos.Vm;

/// <summary>
/// The JSON files under ZONEPATH/config: metadata.json, tags.json, routes.json. They lie beside the zone's root, not in it,
/// so nobody in the zone can put anything in their place.
/// </summary>
public static class ConfigFiles
{
    /// <summary>0600: metadata holds passwords.</summary>
    private const int SecretMode = 0x180;

    private static readonly string[] Files = ["metadata.json", "tags.json", "routes.json"];

    public static string Folder(string zonePath) => Path.Combine(zonePath, "config");

    /// <summary>The files of a zone, whether they are there or not; null: none.</summary>
    public static IEnumerable<string> Paths(string? zonePath) =>
        zonePath is null ? [] : Files.Select(file => Path.Combine(Folder(zonePath), file));

    /// <summary>
    /// Changes customer_metadata in place, as a guest asks for; whatever else the file holds stays. The caller holds the VM's
    /// lock; false from <paramref name="change"/> leaves the file as it is.
    /// </summary>
    public static void ChangeCustomerMetadata(string zonePath, Func<JsonObject, bool> change)
    {
        string path = Path.Combine(Folder(zonePath), "metadata.json");
        var content = Read(path);
        if (content["customer_metadata"] is not JsonObject metadata)
        {
            content["customer_metadata"] = metadata = [];
        }
        if (change(metadata))
        {
            AtomicFile.Write(path, JsonText.Pretty(content) + "\n", SecretMode);
        }
    }

    /// <summary>Writes those of a VM that is being made.</summary>
    /// <param name="vm">Whose.</param>
    /// <param name="sync">False: the caller brings all that he writes to the disk at once.</param>
    public static void WriteNew(VmSpec vm, bool sync)
    {
        Directory.CreateDirectory(Folder(vm.ZonePath), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        IReadOnlyList<FileContent> files = [.. Files.Select(file => FileOf(vm, file, Content(vm, file)))];
        ZoneRoom.Write(vm.Text("uuid")!, () =>
        {
            if (sync)
            {
                AtomicFile.WriteAll(files);
            }
            else
            {
                AtomicFile.WriteAllUnsynced(files);
            }
        });
    }

    /// <summary>Writes those whose content differs from <paramref name="before"/> and does not stand there already.</summary>
    public static void Write(VmSpec vm, VmSpec before)
    {
        string folder = Folder(vm.ZonePath);
        if (!Directory.Exists(folder))
        {
            // Written now, they would lie under the mountpoint and be hidden later.
            throw new LumosException("NotMounted", $"{folder} is not there: \"zfs mount {vm.RootDataset}\" mounts the VM's dataset");
        }
        foreach (string path in Paths(vm.ZonePath))
        {
            AtomicFile.RemoveTemporaries(path); // of one who was killed: we hold the VM's lock
        }
        ZoneRoom.Write(vm.Text("uuid")!, () => AtomicFile.WriteAll(
        [
            .. Files.Select(file => (Name: file, Content: Content(vm, file)))
                .Where(file => !JsonNode.DeepEquals(file.Content, Content(before, file.Name)))
                .Select(file => FileOf(vm, file.Name, file.Content))
                // Nothing is to be taken back of a write that found no room, and there would be none for that either.
                .Where(file => !File.Exists(file.Path) || !File.ReadAllBytes(file.Path).AsSpan().SequenceEqual(file.Content)),
        ]));
    }

    /// <summary>Puts what the files hold into <paramref name="vm"/>; a file that is not there is an empty object.</summary>
    /// <exception cref="LumosException">InvalidConfigFile.</exception>
    public static void Load(JsonObject vm, string zonePath)
    {
        foreach (string file in Files)
        {
            var content = Read(Path.Combine(Folder(zonePath), file));
            foreach (var row in Rows(file))
            {
                var key = ((PropertyStore.Json)row.Store!).Key;
                vm[row.Name] = (key is null ? content : content[key])?.DeepClone() ?? new JsonObject();
            }
        }
    }

    private static JsonObject Content(VmSpec vm, string file)
    {
        var content = new JsonObject();
        foreach (var row in Rows(file))
        {
            var value = vm.Properties[row.Name] as JsonObject ?? [];
            if (((PropertyStore.Json)row.Store!).Key is { } key)
            {
                content[key] = value.DeepClone();
            }
            else
            {
                content = (JsonObject)value.DeepClone();
            }
        }
        return content;
    }

    private static FileContent FileOf(VmSpec vm, string file, JsonObject content) =>
        AtomicFile.Text(Path.Combine(Folder(vm.ZonePath), file), JsonText.Pretty(content) + "\n", SecretMode);

    private static IEnumerable<Property> Rows(string file) =>
        PropertyTable.Rows.Where(r => r.Store is PropertyStore.Json json && json.File == file);

    private static JsonObject Read(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path, Encoding.UTF8);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
        try
        {
            return JsonNode.Parse(text) as JsonObject ?? [];
        }
        catch (JsonException e)
        {
            throw new LumosException("InvalidConfigFile", $"{path} is not valid JSON: put it right or remove it", inner: e);
        }
    }
}
