using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Services.Manifest;
using Lumos.Services.Model;

namespace Lumos.Services.Repository;

/// <summary>
/// The configuration of all services.
///
/// PURPOSE. SMF keeps it in a database with a daemon of its own (svc.configd). Here it is what files say: the manifests of the
/// platform and of /opt/custom/smf, read at each start, and above them one file of what administrators changed
/// (<see cref="AdminLayer"/>, /etc/svc/repository.json). In the global zone /etc is memory, so changes are forgotten at reboot, as on
/// SmartOS; in a native zone they stay.
///
/// LAYERS of an instance's properties, the lower hidden by the higher: the service's manifest, the administrator's on the service,
/// the instance's manifest, the administrator's on the instance. A manifest read later replaces an earlier one of the same service.
///
/// FAILURE. A manifest that cannot be read is reported by its reader and left out, never half of it. A repository.json that cannot be
/// read is an error for whoever starts us: it is set aside under another name and said so, so that a machine boots in any case.
/// A change is in force in memory only after its file is on disk.
/// </summary>
public sealed class ServiceRepository
{
    private readonly Action<string>? _save;
    private readonly Dictionary<string, ServiceManifest> _manifests = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ServiceManifest> _imported = new(StringComparer.Ordinal);

    /// <param name="content">repository.json's text; null: there is none yet.</param>
    /// <param name="save">Writes the text durably.</param>
    /// <exception cref="LumosException">RepositoryDamaged</exception>
    public ServiceRepository(string? content, Action<string>? save = null)
    {
        _save = save;
        Admin = AdminLayer.Empty;
        if (content is null)
        {
            return;
        }
        try
        {
            Admin = AdminLayer.FromJson(JsonNode.Parse(content))
                ?? throw new LumosException("RepositoryDamaged", "the service repository is not in a known format");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException or FormatException or InvalidCastException)
        {
            throw new LumosException("RepositoryDamaged", "the service repository cannot be read", inner: e);
        }
        foreach (var manifest in Admin.Imported)
        {
            try
            {
                foreach (var service in ManifestReader.Read(manifest.Source, manifest.Text))
                {
                    _imported[service.Name] = service;
                }
            }
            catch (LumosException e)
            {
                Complaints.Add(LumosException.Describe(e)); // an older platform may have taken what this one does not
            }
        }
    }

    /// <summary>Imported manifests that could not be read any more; they are kept, without effect.</summary>
    public List<string> Complaints { get; } = [];

    public AdminLayer Admin { get; private set; }

    /// <summary>Takes in a manifest of the platform or of /opt/custom/smf; read anew at each start, so not saved.</summary>
    public void AddManifest(string source, string text)
    {
        foreach (var service in ManifestReader.Read(source, text))
        {
            _manifests[service.Name] = service;
        }
    }

    /// <summary>svccfg import: takes in a manifest and keeps it. Deleted instances of its services come back.</summary>
    /// <returns>The names of its services.</returns>
    public ImmutableArray<string> Import(string source, string text)
    {
        var services = ManifestReader.Read(source, text);
        var names = services.Select(s => s.Name).ToHashSet();
        Commit(Admin with
        {
            Imported = [.. Admin.Imported.Where(m => m.Source != source), new ImportedManifest(source, text)],
            Deleted = Admin.Deleted.Except(Admin.Deleted.Where(d => Fmri.TryParse(d, out var f) && names.Contains(f.Service))),
        });
        foreach (var service in services)
        {
            _imported[service.Name] = service;
        }
        return [.. services.Select(s => s.Name)];
    }

    /// <summary>All instances, composed from the layers. What an administrator made invalid is left out and reported.</summary>
    public ImmutableArray<InstanceDefinition> Compose(Action<string>? report = null)
    {
        var all = ImmutableArray.CreateBuilder<InstanceDefinition>();
        foreach (var service in Services)
        {
            foreach (string instance in Instances(service))
            {
                try
                {
                    all.Add(Compose(service, instance));
                }
                catch (LumosException e)
                {
                    report?.Invoke(LumosException.Describe(e));
                }
            }
        }
        return all.ToImmutable();
    }

    /// <summary>The instance as configured now; null: there is none.</summary>
    public InstanceDefinition? Compose(Fmri fmri) =>
        Find(fmri.Service) is { } service && Instances(service).Contains(fmri.Instance) ? Compose(service, fmri.Instance!) : null;

    /// <summary>Sets one property of an instance or service; its type is the known one, else the given one, else astring.</summary>
    /// <exception cref="LumosException">NotFound, InvalidProperty</exception>
    public void SetProperty(Fmri target, string group, string name, string? type, ImmutableArray<string> values)
    {
        var service = RequireTarget(target);
        var current = target.Instance is null ? Admin.Of(target.ToString()).Over(service.Properties) : Compose(target)!.Properties;
        type ??= current[group]?.Properties.GetValueOrDefault(name)?.Type ?? "astring";
        foreach (string value in values)
        {
            if (!PropertyTypes.IsValid(type, value))
            {
                throw new LumosException("InvalidProperty", $"{target}: \"{value}\" is not a value of type {type}");
            }
        }
        var bag = Admin.Of(target.ToString()).With(group, current[group]?.Type ?? "application", name, new Property(type, values));
        var wanted = Admin.With(target.ToString(), bag);
        foreach (string instance in target.Instance is null ? Instances(service) : [target.Instance])
        {
            _ = Compose(service, instance, wanted); // refuses what the instance could not run by
        }
        Commit(wanted);
    }

    /// <summary>Takes an administrator's value back, so that the manifest's shows again.</summary>
    public void DeleteProperty(Fmri target, string group, string name)
    {
        RequireTarget(target);
        var bag = Admin.Of(target.ToString());
        if (bag[group]?.Properties.ContainsKey(name) != true)
        {
            throw new LumosException("NotFound", $"{target}: property {group}/{name} was not set by an administrator, so it cannot be deleted");
        }
        Commit(Admin.With(target.ToString(), bag.Without(group, name)));
    }

    /// <summary>svcadm enable and disable, without -t.</summary>
    public void SetEnabled(Fmri fmri, bool enabled) =>
        SetProperty(fmri, "general", "enabled", "boolean", [enabled ? "true" : "false"]);

    /// <summary>svccfg delete: the service or instance is gone until a manifest of it is imported.</summary>
    public void Delete(Fmri target)
    {
        var service = RequireTarget(target);
        var left = Admin;
        foreach (string instance in target.Instance is null ? Instances(service).ToList() : [target.Instance])
        {
            var fmri = new Fmri(service.Name, instance);
            left = left.With(fmri.ToString(), PropertyBag.Empty) with { Deleted = left.Deleted.Add(fmri.ToString()) };
        }
        Commit(left);
    }

    /// <summary>The service's manifest as it is in force; null: unknown.</summary>
    public ServiceManifest? Find(string service) => _imported.GetValueOrDefault(service) ?? _manifests.GetValueOrDefault(service);

    private IEnumerable<ServiceManifest> Services =>
        _manifests.Keys.Union(_imported.Keys).Order(StringComparer.Ordinal).Select(name => Find(name)!);

    private IEnumerable<string> Instances(ServiceManifest service) =>
        service.Instances.Keys.Where(i => !Admin.Deleted.Contains($"svc:/{service.Name}:{i}"));

    private InstanceDefinition Compose(ServiceManifest service, string instance, AdminLayer? admin = null)
    {
        admin ??= Admin;
        var fmri = new Fmri(service.Name, instance);
        var bag = admin.Of(fmri.ToString()).Over(
            service.Instances[instance].Over(
                admin.Of(fmri.OfService.ToString()).Over(service.Properties)));
        return InstanceDefinition.From(fmri, service.Source, bag);
    }

    private ServiceManifest RequireTarget(Fmri target) =>
        Find(target.Service) is { } service && (target.Instance is null || Instances(service).Contains(target.Instance))
            ? service
            : throw new LumosException("NotFound", $"{target}: no such service or instance");

    private void Commit(AdminLayer layer)
    {
        _save?.Invoke(JsonText.Indented(layer.ToJson()));
        Admin = layer;
    }
}
