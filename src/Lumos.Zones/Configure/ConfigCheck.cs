using System.Collections.Immutable;
using Lumos.Zones.Config;

namespace Lumos.Zones.Configure;

/// <summary>verify: what is wrong with a configuration, as sentences. Pure.</summary>
public static class ConfigCheck
{
    public static ImmutableArray<string> Faults(ZoneConfig zone)
    {
        var faults = ImmutableArray.CreateBuilder<string>();
        if (zone.ZonePath.Length == 0)
        {
            faults.Add("zonepath not specified");
        }
        foreach (var property in GlobalProperties.All)
        {
            if (property.Get(zone) is { } value && property.Check?.Invoke(value) is { } wrong)
            {
                faults.Add(wrong);
            }
        }
        foreach (var type in ResourceTypes.All)
        {
            var drafts = type.Read(zone).ToList();
            foreach (var draft in drafts)
            {
                string which = type.Key is { } key && draft[key] is { } text ? $"{type.Name} '{text}'" : type.Name;
                faults.AddRange(Faults(type, draft).Select(fault => $"{which}: {fault}"));
            }
            if (type.Key is { } unique)
            {
                faults.AddRange(drafts.GroupBy(d => d[unique]).Where(g => g.Count() > 1)
                    .Select(g => $"{type.Name}: {g.Count()} have the {unique} '{g.Key}'"));
            }
        }
        return faults.ToImmutable();
    }

    private static IEnumerable<string> Faults(ResourceType type, ResourceDraft draft)
    {
        foreach (var property in type.Properties)
        {
            // An attr that a file names as the system's own is the file's business.
            if (draft[property.Name] is { } value && !(type.Name == "attr" && property.Name == "name")
                && property.Check?.Invoke(value) is { } wrong)
            {
                yield return wrong;
            }
        }
        if (ConfigEditor.Incomplete(type, draft) is { } missing)
        {
            yield return missing;
        }
    }
}
