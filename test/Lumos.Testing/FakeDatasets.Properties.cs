using System.Globalization;
using Lumos.Drivers.Datasets;

namespace Lumos.Testing;

// Properties: set, inherited, or made of what is there.
public sealed partial class FakeDatasets
{
    private static readonly Dictionary<string, string> Defaults = new()
    {
        ["quota"] = "0", ["refquota"] = "0", ["reservation"] = "0", ["refreservation"] = "0", ["canmount"] = "on",
        ["compression"] = "off", ["recordsize"] = "131072", ["atime"] = "on", ["sync"] = "standard", ["devices"] = "on",
        ["readonly"] = "off", ["available"] = "10737418240",
    };

    private static readonly HashSet<string> NotInherited =
        ["quota", "refquota", "reservation", "refreservation", "canmount", "volsize", "origin", "available"];

    public IReadOnlyDictionary<string, string?> GetProperties(DatasetName name, params string[] properties) =>
        List(name, DatasetKinds.Live, 0, properties)[0].Properties;

    public void SetProperties(DatasetName name, IReadOnlyDictionary<string, string> properties) =>
        Change("set", name.Value, () =>
        {
            var node = Find(name);
            foreach (var (key, value) in properties)
            {
                node.Properties[key] = value == "none" && Defaults.GetValueOrDefault(key) == "0" ? "0" : value;
            }
        });

    public void Inherit(DatasetName name, string property) =>
        Change("inherit", name.Value, () =>
        {
            var node = Find(name);
            if (NotInherited.Contains(property))
            {
                throw new DatasetException(DatasetException.FailedCode, name.Value, $"cannot inherit {property} of {name}");
            }
            node.Properties.Remove(property);
        });

    private Dictionary<string, string?> Values(Node node, Snap? snap, IReadOnlyList<string>? properties) =>
        (properties ?? []).Distinct().ToDictionary(p => p, p => snap is null ? Value(node, p) : Value(snap, p));

    private string? Value(Snap snap, string property) => property switch
    {
        "clones" => ClonesOf(snap).ToArray() is { Length: > 0 } clones ? string.Join(',', clones) : null,
        "guid" => snap.Guid.ToString(CultureInfo.InvariantCulture),
        "creation" => Snap.Creation,
        "createtxg" => snap.Made.ToString(CultureInfo.InvariantCulture),
        "used" => "0",
        "userrefs" => snap.Holds.ToString(CultureInfo.InvariantCulture),
        "referenced" or "written" => snap.Content.Length.ToString(CultureInfo.InvariantCulture),
        _ => property.Contains(':') ? Value(snap.Owner, property) : null,
    };

    private string? Value(Node node, string property)
    {
        switch (property)
        {
            case "origin":
                return node.Origin is { } o ? $"{o.Owner.Name}@{o.Name}" : null;
            case "mounted":
                return node.Kind == DatasetKinds.FileSystem ? node.Mounted ? "yes" : "no" : null;
            case "creation":
                return Snap.Creation;
            case "createtxg":
                return node.Made.ToString(CultureInfo.InvariantCulture);
            case "used" or "referenced":
                return node.Content.Length.ToString(CultureInfo.InvariantCulture);
        }
        for (Node? at = node; at is not null; at = at.Name.Parent is { } up ? _nodes.GetValueOrDefault(up.Value) : null)
        {
            if (at.Properties.TryGetValue(property, out string? value))
            {
                return property == "mountpoint" && at != node && value.StartsWith('/')
                    ? value.TrimEnd('/') + node.Name.Value[at.Name.Value.Length..]
                    : value;
            }
            if (NotInherited.Contains(property))
            {
                break;
            }
        }
        return property == "mountpoint" && node.Kind == DatasetKinds.FileSystem
            ? "/" + node.Name.Value
            : Defaults.GetValueOrDefault(property);
    }
}
