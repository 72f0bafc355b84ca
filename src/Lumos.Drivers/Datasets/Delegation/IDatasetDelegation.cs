namespace Lumos.Drivers.Datasets.Delegation;

/// <summary>Gives datasets to user namespaces, whose root may then do with them, and with nothing else, what zfs can.</summary>
public interface IDatasetDelegation
{
    /// <summary>
    /// Gives a dataset and all below it to a namespace. Nobody else mounts it from then on, and its files belong to the namespace's ids.
    /// </summary>
    /// <param name="dataset">One that is there; giving it twice to one namespace is an error.</param>
    /// <param name="userNamespace">A path at which the namespace is pinned.</param>
    /// <param name="firstId">The id outside that root has inside.</param>
    /// <param name="count">Ids of the namespace.</param>
    /// <exception cref="DatasetException">DatasetNotFound, DatasetFailed.</exception>
    void Give(DatasetName dataset, string userNamespace, uint firstId, uint count);

    /// <summary>Takes it back, while the namespace is still pinned. What was not given is taken without a word.</summary>
    void Take(DatasetName dataset, string userNamespace);
}
