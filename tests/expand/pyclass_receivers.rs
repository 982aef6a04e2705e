#[pyclass_teardown]
#[cfg_attr(feature = "python", pymethods)]
impl Client {
    fn by_ref(&self) -> Result<(), OwnError> {
        Ok(())
    }

    fn by_mut(&mut self) -> PyResult<()> {
        Ok(())
    }

    fn by_mut_without_a_result(&mut self) {}

    fn by_py_ref(slf: PyRef<'_, Self>) -> PyResult<()> {
        Ok(())
    }

    fn by_py_ref_mut(mut slf: PyRefMut<'_, Self>) -> u8 {
        0
    }

    fn by_object(slf: Py<Self>) -> PyResult<()> {
        Ok(())
    }

    fn by_bound(slf: &Bound<'_, Self>) {}

    async fn asynchronous(&self) -> PyResult<u8> {
        Ok(0)
    }

    #[classmethod]
    fn of_the_class(cls: &Bound<'_, PyType>) -> PyResult<()> {
        Ok(())
    }

    #[shutdown(unchecked)]
    fn unchecked(&mut self) -> PyResult<()> {
        Ok(())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        Ok(())
    }
}
